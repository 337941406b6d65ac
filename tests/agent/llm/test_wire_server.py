"""The server that stands for the providers speaks as the makers' own SDKs understand it."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.agent.llm.wire_server import Script, serve


@pytest.fixture
def wire() -> Iterator[tuple[str, Script]]:
    with serve() as (url, script):
        yield url, script


def ask_openai(url: str, timeout: float = 20.0) -> openai.types.chat.ChatCompletion:
    client = OpenAI(api_key="sk-test", base_url=f"{url}/v1", max_retries=0, timeout=timeout)
    with client:
        return client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Go."}]
        )


def ask_anthropic(url: str, timeout: float = 20.0) -> anthropic.types.Message:
    client = Anthropic(api_key="sk-test", base_url=url, max_retries=0, timeout=timeout)
    with client:
        return client.messages.create(
            model="claude-opus-4-8",
            max_tokens=20,
            messages=[{"role": "user", "content": "Go."}],
        )


def test_answers_are_read(wire: tuple[str, Script]) -> None:
    url, script = wire
    completion = ask_openai(url)
    assert completion.choices[0].message.content == script.text
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 18
    message = ask_anthropic(url)
    (block,) = message.content
    assert block.type == "text"
    assert block.text == script.text
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 7)


def test_refusals_are_read(wire: tuple[str, Script]) -> None:
    url, script = wire
    script.behaviors = ["refusal", "refusal"]
    assert ask_openai(url).choices[0].message.refusal
    assert ask_anthropic(url).stop_reason == "refusal"


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("rate_limit", 429), ("server_error", 500), ("bad_key", 401), ("no_model", 404)],
)
def test_refused_requests_raise_each_makers_error(
    wire: tuple[str, Script], behavior: str, status: int
) -> None:
    url, script = wire
    script.behaviors = [behavior, behavior]
    script.headers = {"Retry-After": "7"}
    with pytest.raises(openai.APIStatusError) as of_openai:
        ask_openai(url)
    with pytest.raises(anthropic.APIStatusError) as of_anthropic:
        ask_anthropic(url)
    for response in (of_openai.value.response, of_anthropic.value.response):
        assert response.status_code == status
        assert response.headers["retry-after"] == "7"
    assert of_openai.value.message
    assert of_anthropic.value.message


def test_hangs_and_cut_bodies_raise_each_makers_error(wire: tuple[str, Script]) -> None:
    url, script = wire
    script.behaviors = ["hang", "hang", "truncated", "truncated"]
    with pytest.raises(openai.APITimeoutError):
        ask_openai(url, timeout=0.5)
    with pytest.raises(anthropic.APITimeoutError):
        ask_anthropic(url, timeout=0.5)
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        ask_openai(url)
    with pytest.raises((anthropic.APIConnectionError, httpx.RemoteProtocolError)):
        ask_anthropic(url)
