"""Completions of a paper reviewer, as a recording for `agent.llm.RecordedModel`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewers.paper import SCALES

__all__ = ["form", "seed_of", "write_recording"]


def form(overall: int, decision: str | None = None, **changes: Any) -> str:
    """A valid form with that overall rating."""
    level = max(1, min(4, round(overall / 2.5)))
    return json.dumps(
        {
            "summary": f"The paper anneals a margin; this review says {overall}.",
            "strengths": ["Sixteen seeds with intervals in Table 1."],
            "weaknesses": ["One task and one small model only."],
            "questions": ["How was the final threshold chosen?"],
            "limitations": ["Scale was not tried."],
            "ethical_concerns": False,
            **dict.fromkeys(SCALES, level),
            "overall": overall,
            "confidence": 4,
            "decision": decision or ("Accept" if overall >= 6 else "Reject"),
            **changes,
        }
    )


def seed_of(seat: int, turn: int = 0, *, repair: bool = False, seed: int = 0) -> int:
    """The seed of a call; the chair has the seat after the last reviewer's."""
    return seed * 100_000 + 1_000 * seat + 2 * turn + repair


def write_recording(path: Path, answers: Mapping[int, str | dict[str, Any]]) -> Path:
    """A recording by seed; a mapping stands for an error."""
    lines: list[dict[str, Any]] = []
    for seed, answer in answers.items():
        said = {"text": answer} if isinstance(answer, str) else {"error": answer}
        lines.append({"seed": seed, "prompt_tokens": 900, "completion_tokens": 300, **said})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
