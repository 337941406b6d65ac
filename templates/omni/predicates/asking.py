"""Asking a model for new tasks, and reading its answer: text in, predicates out, without JAX.

Both ways are pure functions, so that a record of answers replays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from templates.errors import CandidateError, UserError
from templates.omni.predicates.language import MOST, NAMES, PARTS, WITHIN, Measure
from templates.omni.predicates.normal import Predicate, normal_form
from templates.omni.predicates.parsing import parse_goal, read_json, schema

__all__ = ["MOST_TASKS", "PROMPT", "Proposal", "Question", "ask", "read_answer"]

MOST_TASKS = 8
"""In one answer."""

PROMPT = Path(__file__).resolve().parents[1] / "prompts" / "predicates.jinja"
"""The prompt template."""

_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
)
_TOKENS_EACH = 220
_THOUGHT = 400


@dataclass(frozen=True)
class Question:
    """What goes to a model.

    Args:
        text: One message of a user.
        schema: JSON schema that the answer must follow.
        max_tokens: Long enough for such an answer.
    """

    text: str
    schema: dict[str, Any]
    max_tokens: int


@dataclass(frozen=True)
class Proposal:
    """One task of an answer.

    Args:
        thought: The model's reason.
        predicate: What it asks for; None where it could not be read.
        error: Why not.
    """

    thought: str
    predicate: Predicate | None
    error: CandidateError | None = None


def ask(
    success: Mapping[str, float],
    refused: Sequence[tuple[str, str]] = (),
    *,
    count: int = 4,
    learned: float = 0.5,
    shown: int = 30,
    prompt: str | None = None,
) -> Question:
    """Ask for tasks that are new, and neither easy nor out of reach.

    Args:
        success: By name, of the tasks that can be done; the ones that go best are shown.
        refused: Names or places of earlier proposals, and why each was refused; the last are shown.
        count: How many tasks to ask for.
        learned: Success from which on a task is called learned.
        shown: Most names in each list.
        prompt: Text of the prompt template; None for the one that is shipped.

    Raises:
        ValueError: More tasks than an answer can have, or none.
        UserError: The prompt is no Jinja2 template or uses a variable that does not exist.
    """
    if not 1 <= count <= MOST_TASKS:
        raise ValueError(f"an answer has 1 to {MOST_TASKS} tasks, not {count}")
    order = sorted(success, key=lambda name: -success[name])
    text = PROMPT.read_text(encoding="utf-8") if prompt is None else prompt
    try:
        asked = _ENVIRONMENT.from_string(text).render(
            count=count,
            learned=[name for name in order if success[name] >= learned][:shown],
            begun=[name for name in order if 0.0 < success[name] < learned][:shown],
            refused=list(refused)[-shown:],
            items=NAMES[Measure.HAS],
            achievements=NAMES[Measure.DID],
            placed=NAMES[Measure.PLACED],
            materials=NAMES[Measure.NEAR],
            most=MOST,
            within=WITHIN[-1],
            parts=PARTS,
        )
    except jinja2.TemplateError as error:
        raise UserError(f"prompts/predicates.jinja: {error}") from error
    return Question(text=asked, schema=schema(count), max_tokens=100 + _TOKENS_EACH * count)


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
        return Proposal("", None, CandidateError("type", f"{where} must be an object"))
    thought = value.get("thought", "")
    told = thought[:_THOUGHT] if isinstance(thought, str) else ""
    try:
        if "goal" not in value:
            raise CandidateError("type", f'{where} has no "goal"')
        goal = parse_goal(value["goal"], f"{where}.goal")
        return Proposal(told, normal_form(goal, f"{where}.goal"))
    except CandidateError as error:
        return Proposal(told, None, error)
