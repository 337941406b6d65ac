"""Requests, hashes, waiting times and names of models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.llm import CompletionRequest, Message, available_models, delays, open_model, prompt_hash
from agent.llm.backoff import retry_after_s
from templates.errors import UserError

REQUEST = CompletionRequest((Message("user", "Go."),), {"type": "object"}, 0.5, 10, 1, 5.0)


def test_hash_covers_what_decides_the_text() -> None:
    variants = [
        replace(REQUEST, messages=(Message("system", "Go."),)),
        replace(REQUEST, messages=(Message("user", "Go"), Message("user", "."))),
        replace(REQUEST, schema=None),
        replace(REQUEST, temperature=0.6),
        replace(REQUEST, max_tokens=11),
        replace(REQUEST, seed=2),
    ]
    hashes = {prompt_hash(request) for request in [REQUEST, *variants]}
    assert len(hashes) == 7
    assert prompt_hash(replace(REQUEST, timeout_s=9.0)) == prompt_hash(REQUEST)
    # Stable over releases: recordings are looked up by it.
    assert prompt_hash(REQUEST) == (
        "026e4a76ec4607934a2805f7ef1d09946ac970b3aee77915ed505c9d36538be1"
    )


def test_delays_grow_up_to_the_cap_and_honour_the_provider() -> None:
    assert [delays(1, 30, attempt) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert delays(1, 30, 10_000) == 30
    assert delays(1, 30, 1, retry_after_s=0.5) == 1
    assert delays(1, 30, 3, retry_after_s=90) == 90
    # A day is nothing that a campaign of a night waits for.
    assert delays(1, 30, 3, retry_after_s=86_400) == delays(1, 30, 3, float("inf")) == 3600
    for bad in ((1, 30, 0), (-1, 30, 1), (1, -1, 1)):
        with pytest.raises(ValueError, match="attempt counts from 1"):
            delays(*bad)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("3", 3.0),
        (" 7.5 ", 7.5),
        ("86400", 86_400.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        *[(odd, None) for odd in ("soon", "-3", "inf", "nan", "1e400", "9" * 400, "²", "٣", "")],
        ("1 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_what_a_provider_asks_for(text: str | None, expected: float | None) -> None:
    assert retry_after_s(text) == expected


@pytest.mark.gate
def test_names_that_no_model_has(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"local:qwen2\.5-coder-1\.5b"):
        open_model("local:qwen9")
    with pytest.raises(UserError, match="no model file"):
        open_model("local:/nowhere/model.gguf")
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    with pytest.raises(UserError, match="not a GGUF file"):
        open_model(f"local:{text}")
    text.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UserError, match="cannot be loaded"):
        open_model(f"local:{text}")
    with pytest.raises(UserError, match="threads"):
        open_model(f"recorded:{text}", threads=2)
    with pytest.raises(UserError, match="at least 1"):
        open_model(f"local:{text}", slots=-1)


@pytest.mark.gate
def test_available_models_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCOVER_CACHE", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("DISCOVER_MODEL_PATH", raising=False)
    found = {status.name: status for status in available_models()}
    assert [name for name, status in found.items() if status.is_default] == [
        "local:qwen2.5-coder-1.5b"
    ]
    local = found["local:qwen2.5-coder-1.5b"]
    assert local.usable
    assert local.size_bytes == 1_117_320_768
    assert "not here yet (1.1 GB)" in local.reason
    assert found["openai/MODEL"].usable
    assert not found["anthropic/MODEL"].usable
    assert "ANTHROPIC_API_KEY" in found["anthropic/MODEL"].how_to_get
