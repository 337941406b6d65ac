"""LiteLLM over real sockets: both wire formats, and every way a provider can fail."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agent.llm import CompletionRequest, LanguageModel, Message, open_model, prompt_hash
from agent.llm.litellm_model import LiteLLMModel
from templates.errors import CandidateError, InfrastructureError, UserError
from tests.agent.llm.wire_server import ANTHROPIC_PATH, OPENAI_PATH, Script, serve

HOSTS: set[str] = set()


def _note_host(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        HOSTS.add(str(arguments[0]))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        HOSTS.add(str(arguments[1][0]))


# From before LiteLLM is imported: it must ask nobody but the server that it is sent to.
sys.addaudithook(_note_host)

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}},
    "required": ["name"],
    "additionalProperties": False,
}
REQUEST = CompletionRequest(
    messages=(Message("system", "You invent losses."), Message("user", "Go.")),
    schema=SCHEMA,
    temperature=0.7,
    max_tokens=50,
    seed=5,
    timeout_s=20.0,
)
QUICK = CompletionRequest(messages=REQUEST.messages, schema=SCHEMA, seed=5, timeout_s=0.7)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-anthropic-test")


@pytest.fixture
def wire() -> Iterator[tuple[str, Script]]:
    with serve() as (url, script):
        yield url, script


@pytest.fixture(params=["openai", "anthropic"])
def provider(
    request: pytest.FixtureRequest, wire: tuple[str, Script], monkeypatch: pytest.MonkeyPatch
) -> tuple[LanguageModel, Script]:
    """A model opened by its name, with the provider's URL turned to the local server."""
    url, script = wire
    monkeypatch.setenv("OPENAI_API_BASE", f"{url}/v1")
    monkeypatch.setenv("ANTHROPIC_API_BASE", url)
    name = {"openai": "openai/gpt-4o-mini", "anthropic": "anthropic/claude-sonnet-4-5"}
    return open_model(name[request.param]), script


def test_completes_and_records_everything(provider: tuple[LanguageModel, Script]) -> None:
    model, script = provider
    completion = model.complete(REQUEST)
    assert completion.text == '{"name":"dpo"}'
    assert completion.model == model.name
    assert (completion.prompt_tokens, completion.completion_tokens) == (11, 7)
    assert 0 < completion.cost_usd < 0.01
    most_usd = model.most_usd(REQUEST)
    assert most_usd is not None
    assert completion.cost_usd <= most_usd < 0.05
    assert 0 < completion.latency_s < 20
    assert completion.finish_reason == "stop"
    assert completion.seed == 5
    assert completion.prompt_hash == prompt_hash(REQUEST)
    (received,) = script.received
    body = received["body"]
    assert body["temperature"] == 0.7
    assert body["max_tokens"] == 50
    if received["path"] == OPENAI_PATH:
        assert received["headers"]["user-agent"].startswith("OpenAI/Python")
        assert received["headers"]["authorization"] == "Bearer sk-openai-test"
        assert body["seed"] == 5
        assert body["response_format"]["json_schema"]["strict"] is True
        assert completion.notes == ()
    else:
        assert received["path"] == ANTHROPIC_PATH
        assert received["headers"]["x-api-key"] == "sk-anthropic-test"
        assert body["output_format"]["schema"]["properties"].keys() == {"name"}
        assert completion.notes == ("the provider takes no seed",)


@pytest.mark.parametrize(
    "behavior",
    ["rate_limit", "server_error", "overloaded", "truncated", "malformed"],
)
def test_what_another_try_may_mend_is_infrastructure_and_tried_once(
    provider: tuple[LanguageModel, Script], behavior: str
) -> None:
    model, script = provider
    script.behaviors = [behavior]
    with pytest.raises(InfrastructureError):
        model.complete(REQUEST)
    assert len(script.received) == 1
    assert model.complete(REQUEST).text == '{"name":"dpo"}'


@pytest.mark.parametrize("behavior", ["rate_limit", "overloaded"])
def test_retry_after_is_passed_on(provider: tuple[LanguageModel, Script], behavior: str) -> None:
    model, script = provider
    script.behaviors = [behavior, behavior]
    script.headers = {"Retry-After": "7"}
    with pytest.raises(InfrastructureError) as caught:
        model.complete(REQUEST)
    assert caught.value.retry_after_s == 7
    script.headers = {
        "Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    }
    with pytest.raises(InfrastructureError) as caught:
        model.complete(REQUEST)
    assert caught.value.retry_after_s is not None
    assert 80 < caught.value.retry_after_s <= 90


@pytest.mark.parametrize("behavior", ["hang", "drip"])
def test_timeout_holds(provider: tuple[LanguageModel, Script], behavior: str) -> None:
    model, script = provider
    model.complete(REQUEST)  # The SDK's own imports are not what is timed here.
    script.behaviors = [behavior]
    started = time.monotonic()
    with pytest.raises(InfrastructureError):
        model.complete(QUICK)
    assert time.monotonic() - started < 3


def test_refusal_is_the_candidates(provider: tuple[LanguageModel, Script]) -> None:
    model, script = provider
    script.behaviors = ["refusal"]
    with pytest.raises(CandidateError) as caught:
        model.complete(REQUEST)
    assert caught.value.kind == "refusal"


def test_empty_answer_is_the_candidates(provider: tuple[LanguageModel, Script]) -> None:
    model, script = provider
    script.behaviors = ["empty"]
    with pytest.raises(CandidateError) as caught:
        model.complete(REQUEST)
    assert caught.value.kind == "empty"


@pytest.mark.parametrize("behavior", ["bad_key", "no_model"])
def test_what_no_try_can_mend_is_the_users(
    provider: tuple[LanguageModel, Script], behavior: str
) -> None:
    model, script = provider
    script.behaviors = [behavior]
    with pytest.raises(UserError, match=model.name):
        model.complete(REQUEST)


def test_a_cut_answer_says_so(provider: tuple[LanguageModel, Script]) -> None:
    model, script = provider
    script.behaviors = ["cut"]
    assert model.complete(REQUEST).finish_reason == "length"


def test_parallel_calls(provider: tuple[LanguageModel, Script]) -> None:
    model, script = provider
    texts: list[str] = []
    threads = [
        threading.Thread(target=lambda: texts.append(model.complete(REQUEST).text))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ['{"name":"dpo"}'] * 4
    assert len(script.received) == 4


def test_content_filter_and_lost_credit(
    wire: tuple[str, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, script = wire
    model = LiteLLMModel("openai/gpt-4o-mini", slots=1, api_base=f"{url}/v1")
    script.behaviors = ["filtered", "quota"]
    with pytest.raises(CandidateError) as caught:
        model.complete(REQUEST)
    assert caught.value.kind == "refusal"
    with pytest.raises(UserError, match="no credit"):
        model.complete(REQUEST)


def test_any_server_by_url_needs_no_key(
    wire: tuple[str, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, script = wire
    monkeypatch.delenv("OPENAI_API_KEY")
    model = open_model(f"my-own-model@{url}/v1")
    completion = model.complete(REQUEST)
    assert completion.text == '{"name":"dpo"}'
    assert completion.model == f"my-own-model@{url}/v1"
    assert script.received[0]["body"]["model"] == "my-own-model"
    assert completion.cost_usd == 0
    assert "the price is unknown and counted as 0" in completion.notes
    assert model.most_usd(REQUEST) is None


def test_server_without_schemas_gets_words_and_the_note_says_so(wire: tuple[str, Script]) -> None:
    url, script = wire
    model = open_model(f"plain@{url}/v1")
    script.behaviors = ["no_schema", "no_schema", "no_schema"]
    for calls_so_far in (2, 3):  # Rejected once, never asked again.
        completion = model.complete(REQUEST)
        assert completion.text == '{"name":"dpo"}'
        assert any("no JSON schema" in note for note in completion.notes)
        assert len(script.received) == calls_so_far
        last = script.received[-1]["body"]
        assert "response_format" not in last
        assert '"at most 20 characters"' in last["messages"][-1]["content"]


def test_missing_key_and_unknown_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UserError, match="OPENAI_API_KEY"):
        open_model("openai/gpt-4o-mini")
    with pytest.raises(UserError, match="unknown model 'no-such-thing'"):
        open_model("no-such-thing")
    monkeypatch.delenv("OLLAMA_API_BASE", raising=False)
    assert open_model("ollama/qwen3").name == "ollama/qwen3"
    with pytest.raises(UserError, match="password"):
        open_model("name@http://user:secret@127.0.0.1:1/v1")


def test_nobody_listens() -> None:
    model = open_model("gone@http://127.0.0.1:9/v1")
    with pytest.raises(InfrastructureError):
        model.complete(REQUEST)


def test_litellm_asks_nobody_else(provider: tuple[LanguageModel, Script]) -> None:
    model, _ = provider
    model.complete(REQUEST)
    assert {"127.0.0.1"} == HOSTS
