"""The real default model, in this process. Downloads it once into the user's cache."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.llm import CompletionRequest, LanguageModel, Message, open_model, prompt_hash
from templates.errors import CandidateError, InfrastructureError, UserError

pytestmark = [pytest.mark.full("model"), pytest.mark.timeout(1200)]

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z_]{2,19}$"},
        "code": {"type": "string", "pattern": r"^def f\(x\):\n    return [ !#-\[\]-~]{1,40}$"},
        "odd": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    },
    "required": ["name", "code", "odd"],
    "additionalProperties": False,
}
REQUEST = CompletionRequest(
    messages=(
        Message("system", "You answer with JSON."),
        Message("user", "Name and write a Python function f that squares x. Add two odd numbers."),
    ),
    schema=SCHEMA,
    temperature=0.8,
    max_tokens=60,
    seed=1,
    timeout_s=240.0,
)


@pytest.fixture(scope="module")
def model() -> Iterator[LanguageModel]:
    model = open_model("local", slots=2)
    yield model
    model.close()


def test_the_default_model_keeps_to_a_schema_in_parallel(
    model: LanguageModel, capfd: pytest.CaptureFixture[str]
) -> None:
    assert model.name == "local:qwen2.5-coder-1.5b"
    done = {}

    def run(seed: int) -> None:
        done[seed] = model.complete(replace(REQUEST, seed=seed))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, completion in done.items():
        value = json.loads(completion.text)
        assert list(value) == ["name", "code", "odd"]
        assert value["code"].startswith("def f(x):\n    return ")
        assert len(value["odd"]) == 2
        assert completion.text == json.dumps(value, separators=(",", ":"))
        assert completion.finish_reason == "stop"
        assert completion.prompt_tokens > 20
        assert 10 < completion.completion_tokens <= 60
        assert completion.cost_usd == 0
        assert completion.latency_s > 0
        assert completion.seed == seed
        assert completion.prompt_hash == prompt_hash(replace(REQUEST, seed=seed))
    assert capfd.readouterr() == ("", "")


def test_timeout_frees_the_slot_and_the_model_goes_on(model: LanguageModel) -> None:
    endless = replace(REQUEST, schema=None, max_tokens=4000, timeout_s=0.5)
    started = time.monotonic()
    for _ in range(3):  # More than there are slots.
        with pytest.raises(InfrastructureError):
            model.complete(endless)
    assert time.monotonic() - started < 6
    assert model.complete(replace(REQUEST, schema=None, max_tokens=2)).finish_reason == "length"


def test_a_prompt_beyond_the_context_is_the_candidates(model: LanguageModel) -> None:
    long = replace(REQUEST, messages=(Message("user", "word " * 9000),))
    with pytest.raises(CandidateError) as caught:
        model.complete(long)
    assert caught.value.kind == "prompt_too_long"


LEAVING = """
import threading, time
from agent.cli import leave
from agent.llm import CompletionRequest, Message, local, open_model

local._CLOSE_WAIT_S = 0.1
model = open_model("local", slots=1)
request = CompletionRequest((Message("user", "A word. " * 1200),), max_tokens=5, timeout_s=300)
threading.Thread(target=model.complete, args=(request,), daemon=True).start()
time.sleep(0.5)
leave(130)
print("left in order")
"""


def test_leaving_while_a_prompt_is_read_is_clean() -> None:
    """The reading of a prompt cannot be cancelled; ended within it, C++ would abort."""
    done = subprocess.run(
        [sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_without_xllamacpp_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(UserError, match=r"pip install 'discovery-agent\[local\]'"):
        open_model("local")


def test_a_closed_model_says_so(model: LanguageModel) -> None:
    """Last of the tests that share the model."""
    model.close()
    model.close()
    with pytest.raises(UserError, match="was closed"):
        model.complete(REQUEST)
