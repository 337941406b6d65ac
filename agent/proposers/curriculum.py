"""What a model is asked about the tasks of a curriculum, and what its answer means.

Pure functions: a question follows from the table of what goes how well and from the choice before,
so a record of answers replays to the same bits. An answer is data: JSON under a schema that allows
names out of the question's list and no others, checked again when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.proposers.interestingness import next_question
from agent.proposers.querying import Query
from templates.errors import CandidateError
from templates.specification import Curriculum

__all__ = [
    "PROGRESS",
    "PROMPTS",
    "Choice",
    "NameQuery",
    "Standing",
    "first_choice",
    "next_query",
    "standings",
]

PROMPTS: Mapping[str, str] = {
    "labels": "choose.jinja",
    "matrix": "interesting.jinja",
    "next": "choose.jinja",
    "predicates": "predicates.jinja",
}
"""The prompt of each way of asking."""

PROGRESS: Mapping[str, Any] = {"kind": "progress"}
"""Nothing chosen: learning progress alone."""

LEARNED = 0.2
"""Success from which on a task counts as learned."""

_THOUGHT_LENGTH = 200
# Names are short; each is a few tokens and the punctuation of JSON.
_TOKENS_EACH = 12


@dataclass(frozen=True)
class Standing:
    """How a task stands.

    Args:
        name: Of the task.
        success: 0 to 1, a moving average.
        progress: Learning progress, 0 where its success does not change.
        counts: Episodes in training.
    """

    name: str
    success: float
    progress: float
    counts: int

    @property
    def in_play(self) -> bool:
        """Whether learning progress would draw it at all."""
        return self.success > 0.0 or self.progress > 0.0


@dataclass(frozen=True)
class Choice:
    """What is to be learned next, and why.

    Args:
        data: JSON as the template's core takes it.
        thought: The model's reason.
    """

    data: Mapping[str, Any]
    thought: str


@dataclass(frozen=True)
class NameQuery(Query):
    """A question that is answered by names out of a list; see `Query`.

    Args:
        asks: ``labels``, ``matrix`` or ``next``.
        listed: The tasks that an answer may name.
        most: How many of them an answer may name.
        before: The choice that the answer changes.
        representative: Of a question for the matrix: what somebody can do.
    """

    asks: str
    listed: tuple[str, ...]
    most: int
    before: Mapping[str, Any]
    representative: str | None = None

    @property
    def field(self) -> str:
        """The answer's list of names."""
        return _field(self.asks)

    def choice(self, text: str) -> Choice:
        """What a completion chooses.

        Raises:
            CandidateError: kind ``answer``: it is no such JSON, or names what was not in the list.
        """
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            raise CandidateError("answer", f"it is no JSON: {error}") from error
        names = found.get(self.field) if isinstance(found, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CandidateError("answer", f'it must be an object with a list "{self.field}"')
        unknown = sorted(set(names) - set(self.listed))
        if unknown:
            raise CandidateError("answer", f"{unknown[0]!r} is none of the listed tasks")
        # A constrained model may name a task twice; that says nothing more.
        named = list(dict.fromkeys(names))[: self.most]
        if self.asks == "next" and not named:
            raise CandidateError("answer", "it names no task")
        thought = found.get("thought")
        return Choice(self._data(named), thought if isinstance(thought, str) else "")

    def _data(self, named: Sequence[str]) -> Mapping[str, Any]:
        if self.asks == "next":
            return {"kind": "next", "tasks": list(named)}
        before = self.before["boring"] if self.before["kind"] == self.asks else None
        if self.asks == "labels":
            kept = set(before or ()) - set(self.listed)
            return {"kind": "labels", "boring": sorted(kept | set(named))}
        assert self.representative is not None
        rows = {**(before or {}), self.representative: sorted(named)}
        return {"kind": "matrix", "boring": rows}


def _asked(
    asks: str,
    listed: Sequence[str],
    variables: Mapping[str, Any],
    most: int,
    before: Mapping[str, Any],
    representative: str | None = None,
) -> NameQuery:
    """A question with the schema of its answers."""
    names: dict[str, Any] = {"type": "array", "items": {"enum": list(listed)}, "maxItems": most}
    if asks == "next":
        names["minItems"] = 1
    field = _field(asks)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "thought": {"type": "string", "maxLength": _THOUGHT_LENGTH},
            field: names,
        },
        "required": ["thought", field],
        "additionalProperties": False,
    }
    length = 120 + _TOKENS_EACH * most
    return NameQuery(variables, schema, length, asks, tuple(listed), most, before, representative)


def _field(asks: str) -> str:
    return "tasks" if asks == "next" else "boring"


def standings(table: Mapping[str, Sequence[Any]]) -> tuple[Standing, ...]:
    """The table of a core's detail (`templates.contract.Advance`) as rows, best success first."""
    rows = [
        Standing(str(name), float(success), float(progress), int(counts))
        for name, success, progress, counts in zip(
            table["names"], table["success"], table["progress"], table["counts"], strict=True
        )
    ]
    return tuple(sorted(rows, key=lambda row: (-row.success, -row.progress)))


def first_choice() -> Choice:
    """The choice where nothing was measured yet, so that there is nothing to ask about."""
    return Choice(PROGRESS, "Nothing was measured yet: learning progress alone.")


def next_query(
    curriculum: Curriculum,
    rows: Sequence[Standing],
    before: Mapping[str, Any],
    number: int,
) -> NameQuery | None:
    """The next question of a generation, where it is answered by names.

    Args:
        curriculum: How a model is asked.
        rows: The table, best first.
        before: The choice so far; answers of the same generation are in it.
        number: Of the generation. Tasks that were never done are listed in turns.

    Returns:
        None where there is nothing to ask.
    """
    if curriculum.asks == "matrix":
        return _matrix_query(curriculum, rows, before)
    playing = [row for row in rows if row.in_play][: curriculum.listed]
    if curriculum.asks == "labels":
        if not playing:
            return None
        shown = {"rows": playing, "learned": LEARNED}
        return _asked("labels", _names(playing), shown, len(playing), before)
    never = [row for row in rows if not row.in_play]
    free = max(curriculum.listed - len(playing), curriculum.listed // 4)
    playing = playing[: curriculum.listed - free] if never else playing
    start = number * free % len(never) if never else 0
    fresh = (never[start:] + never[:start])[:free]
    shown = {"rows": playing, "fresh": fresh, "most": curriculum.chosen, "learned": LEARNED}
    return _asked("next", _names([*playing, *fresh]), shown, curriculum.chosen, before)


def _matrix_query(
    curriculum: Curriculum, rows: Sequence[Standing], before: Mapping[str, Any]
) -> NameQuery | None:
    known = before["boring"] if before["kind"] == "matrix" else {}
    answers = {name: frozenset(boring) for name, boring in known.items()}
    success = {row.name: row.success for row in rows if row.in_play}
    question = next_question(success, answers, learned=LEARNED, most=curriculum.listed)
    if question is None:
        return None
    shown = {
        "representative": question.representative,
        "done": question.done,
        "candidates": question.candidates,
    }
    most = len(question.candidates)
    return _asked("matrix", question.candidates, shown, most, before, question.representative)


def _names(rows: Sequence[Standing]) -> tuple[str, ...]:
    return tuple(row.name for row in rows)
