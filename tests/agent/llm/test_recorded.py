"""Recordings: the answer depends on the request alone."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from agent.llm import (
    CompletionRequest,
    Message,
    RecordedModel,
    open_model,
    prompt_hash,
)
from templates.errors import CandidateError, InfrastructureError, UserError


def request(seed: int, text: str = "Go.", timeout_s: float = 10.0) -> CompletionRequest:
    return CompletionRequest((Message("user", text),), seed=seed, timeout_s=timeout_s)


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_hash_beats_seed_beats_position(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl",
        {"text": "first unkeyed"},
        {"text": "by hash", "prompt_hash": prompt_hash(request(1)), "seed": 1, "cost_usd": 0.5},
        {"text": "by seed", "seed": 2, "completion_tokens": 9},
        {"text": "second unkeyed"},
        {"text": "too late", "seed": 2},
    )
    model = open_model(f"recorded:{path}")
    assert model.complete(request(1)).text == "by hash"
    assert model.complete(request(1)).cost_usd == 0.5
    other = model.complete(request(1, "Another prompt."))
    assert (other.text, other.notes) == ("by hash", ("replayed for another prompt",))
    assert model.complete(request(2)).completion_tokens == 9
    assert model.complete(request(2)).text == "by seed"
    assert model.complete(request(10)).text == "first unkeyed"
    assert model.complete(request(11)).text == "second unkeyed"


def test_order_of_calls_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *({"text": f"answer {index}"} for index in range(7)))
    seeds = list(range(100, 130))
    forward = {seed: RecordedModel(path).complete(request(seed)).text for seed in seeds}
    random.Random(0).shuffle(seeds)
    model = RecordedModel(path)
    assert {seed: model.complete(request(seed)).text for seed in seeds} == forward
    assert len(set(forward.values())) == 7


def test_failures_replay(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl",
        {"seed": 1, "error": {"kind": "infrastructure", "message": "429", "retry_after_s": 2}},
        {"seed": 2, "error": {"kind": "refusal", "message": "no"}},
    )
    model = RecordedModel(path)
    with pytest.raises(InfrastructureError) as lost:
        model.complete(request(1))
    assert lost.value.retry_after_s == 2
    with pytest.raises(CandidateError) as refused:
        model.complete(request(2))
    assert refused.value.kind == "refusal"


def test_delay_and_timeout(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", {"text": "slow", "delay_s": 0.2})
    started = time.monotonic()
    completion = RecordedModel(path).complete(request(1))
    assert time.monotonic() - started >= 0.2
    assert completion.latency_s >= 0.2
    with pytest.raises(InfrastructureError):
        RecordedModel(path).complete(request(1, timeout_s=0.05))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("{", ":1: line"),
        ('{"text": "a"}\n{"seed": 1}\n', ":2: line.*needs 'text' or 'error'"),
        ('{"text": "a", "delay_s": -1}', ":1: delay_s"),
    ],
)
def test_a_bad_recording_is_located(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        RecordedModel(path)


def test_a_missing_recording(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        open_model(f"recorded:{tmp_path / 'none.jsonl'}")
