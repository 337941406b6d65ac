"""What a model is asked when it makes tasks: what goes how well, and what was refused before.

Pure functions: a question follows from what was measured and from the verdicts so far, so a record
of answers replays to the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.proposers.curriculum import Standing
from agent.proposers.querying import Query
from templates.contract import Language
from templates.specification import Curriculum

__all__ = ["refusals", "task_query", "thought_of"]

_REFUSALS = 8


def task_query(
    curriculum: Curriculum,
    language: Language,
    rows: Sequence[Standing],
    proposed: Sequence[Mapping[str, Any]],
    refused: Sequence[Mapping[str, str]],
) -> Query:
    """The next question for new tasks.

    Args:
        curriculum: How a model is asked.
        language: How tasks are written.
        rows: The table, best first, proposed tasks among the others.
        proposed: Tasks that were accepted so far, by ``name`` and ``success``.
        refused: What was refused, the latest last; see `refusals`.
    """
    playing = [row for row in rows if row.in_play][: curriculum.listed]
    shown = {row.name for row in playing}
    variables = {
        **language.words,
        "count": curriculum.chosen,
        "rows": playing,
        "waiting": [str(one["name"]) for one in proposed if one["name"] not in shown],
        "refused": list(refused),
    }
    return Query(variables, language.schema, language.max_tokens)


def refusals(
    before: Sequence[Mapping[str, str]], verdicts: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """What the next question says was refused, and why: the last few, none twice.

    Args:
        before: What the question before said.
        verdicts: On the tasks of its answer; see `templates.contract.Considered`.
    """
    new = [
        {"status": str(one["status"]), "reason": str(one["reason"])}
        for one in verdicts
        if not one["accepted"]
    ]
    kept = {one["reason"]: {**one} for one in before if one not in new}
    kept |= {one["reason"]: one for one in new}
    return list(kept.values())[-_REFUSALS:]


def thought_of(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """The model's reasons for what was accepted; for all, where nothing was."""
    accepted = [one for one in verdicts if one["accepted"]] or verdicts
    return " / ".join(dict.fromkeys(str(one["thought"]) for one in accepted if one["thought"]))
