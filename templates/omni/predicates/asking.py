"""What a model is told of the language, and reading its answer: text in, predicates out, no JAX.

Both are pure functions, so that a record of answers replays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from templates.contract import Language
from templates.errors import CandidateError
from templates.omni.predicates.language import MOST, NAMES, PARTS, WITHIN, Measure
from templates.omni.predicates.normal import Predicate, normal_form
from templates.omni.predicates.parsing import parse_goal, read_json, schema

__all__ = ["MOST_TASKS", "Proposal", "language", "read_answer"]

MOST_TASKS = 8
"""In one answer."""

_TOKENS_EACH = 220
_THOUGHT = 400


@dataclass(frozen=True)
class Proposal:
    """One task of an answer.

    Args:
        thought: The model's reason.
        predicate: What it asks for; None where it could not be read.
        error: Why not.
        goal: As it was written, JSON values.
        where: Its place in the answer.
    """

    thought: str
    predicate: Predicate | None
    error: CandidateError | None = None
    goal: Any = None
    where: str = ""


def language(count: int) -> Language:
    """What a question for new tasks needs to say, and the schema of its answer.

    Args:
        count: How many tasks to ask for.

    Raises:
        ValueError: More tasks than an answer can have, or none.
    """
    if not 1 <= count <= MOST_TASKS:
        raise ValueError(f"an answer has 1 to {MOST_TASKS} tasks, not {count}")
    words = {
        "items": NAMES[Measure.HAS],
        "achievements": NAMES[Measure.DID],
        "placed": NAMES[Measure.PLACED],
        "materials": NAMES[Measure.NEAR],
        "numbers_to": MOST,
        "within": WITHIN[-1],
        "parts": PARTS,
    }
    return Language(schema(count), words, 100 + _TOKENS_EACH * count)


def read_answer(text: str) -> list[Proposal]:
    """The tasks of an answer; one that cannot be read does not spoil the others.

    Args:
        text: Of a model: ``{"tasks": [{"thought": ..., "goal": ...}, ...]}``.

    Raises:
        CandidateError: kind ``answer``, ``type`` or ``size``: it is no such object.
    """
    value = read_json(text)
    tasks = value.get("tasks") if isinstance(value, dict) else None
    if not isinstance(tasks, list) or not tasks:
        raise CandidateError("type", 'the answer must be an object with a list "tasks"')
    if len(tasks) > MOST_TASKS:
        raise CandidateError("size", f"tasks has {len(tasks)} entries; at most {MOST_TASKS}")
    return [_read(task, f"tasks[{place}]") for place, task in enumerate(tasks)]


def _read(value: Any, where: str) -> Proposal:
    if not isinstance(value, dict):
        error = CandidateError("type", f"{where} must be an object")
        return Proposal("", None, error, where=where)
    thought = value.get("thought", "")
    told = thought[:_THOUGHT] if isinstance(thought, str) else ""
    written = value.get("goal")
    try:
        if "goal" not in value:
            raise CandidateError("type", f'{where} has no "goal"')
        goal = parse_goal(written, f"{where}.goal")
        predicate = normal_form(goal, f"{where}.goal")
    except CandidateError as error:
        return Proposal(told, None, error, written, where)
    return Proposal(told, predicate, None, written, where)
