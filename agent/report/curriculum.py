"""What a report shows of a curriculum: figures, what was chosen and why, what was learned."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from agent.archive import EPISODES, GENERATION, Archive, CandidateRecord, EvaluationRecord
from agent.report.scores import ScoreBook
from agent.report.template_figures import Details, DrawnFigure, agent_figures, details_of
from templates.registry import Template

__all__ = ["Animation", "CurriculumView", "Decision", "curriculum_view"]

_ANIMATIONS = 9
_BYTES = 4_000_000


@dataclass(frozen=True)
class Decision:
    """What was chosen for one agent in one generation.

    Args:
        generation: From 1.
        agent: Seed of the agent.
        chosen: The choice in words.
        thought: The model's reason.
        questions: How many were asked.
        failed: Answers that could not be used.
        learned: Tasks that were learned for the first time with it.
    """

    generation: int
    agent: int
    chosen: str
    thought: str
    questions: int
    failed: tuple[str, ...]
    learned: tuple[str, ...]


@dataclass(frozen=True)
class Animation:
    """An episode of a task that was just learned."""

    task: str
    generation: int
    agent: int
    source: Markup


@dataclass(frozen=True)
class CurriculumView:
    """Everything of a curriculum that a page shows."""

    decisions: tuple[Decision, ...]
    animations: tuple[Animation, ...]
    figures: tuple[DrawnFigure, ...]


def curriculum_view(
    book: ScoreBook, template: Template, module: Any, baselines: Sequence[CandidateRecord]
) -> CurriculumView | None:
    """What there is to show; None for a campaign of another kind, or before a generation is over.

    Args:
        book: Scores of the campaign.
        template: Its template.
        module: The template's figures, from `load_figures`, or None.
        baselines: What is known.
    """
    if template.spec.curriculum is None:
        return None
    records = book.archive.candidates(book.campaign.id, kinds=("proposal",))
    found = [
        (number, record, result)
        for number, record in enumerate(records, start=1)
        for result in book.archive.evaluations(record.id, GENERATION)
    ]
    if not found:
        return None
    decisions = tuple(_decision(number, result) for number, _, result in found)
    if module is None:
        return CurriculumView(decisions, (), ())
    figures = agent_figures(module, _agents(found), details_of(book, baselines))
    return CurriculumView(decisions, _animations(book.archive, module, found), tuple(figures))


def _agents(found: Sequence[tuple[int, CandidateRecord, EvaluationRecord]]) -> Details:
    agents: dict[str, list[Mapping[str, Any]]] = {}
    for _, _, result in found:
        agents.setdefault(f"agent {result.seed}", []).append(result.detail)
    return agents


def _decision(number: int, result: EvaluationRecord) -> Decision:
    detail = result.detail
    return Decision(
        generation=number,
        agent=result.seed,
        chosen=_in_words(detail["choice"]),
        thought=str(detail["thought"]),
        questions=int(detail["asked"]["questions"]),
        failed=tuple(detail["asked"]["failed"]),
        learned=tuple(detail["new"]),
    )


def _in_words(choice: Mapping[str, Any]) -> str:
    match choice:
        case {"kind": "labels", "boring": boring}:
            return f"boring: {', '.join(boring) or 'nothing'}"
        case {"kind": "matrix", "boring": rows}:
            return "; ".join(
                f"{name} makes boring: {', '.join(r) or '-'}" for name, r in rows.items()
            )
        case {"kind": "next", "tasks": tasks}:
            return f"next: {', '.join(tasks)}"
    return "learning progress alone"


def _animations(
    archive: Archive,
    module: Any,
    found: Sequence[tuple[int, CandidateRecord, EvaluationRecord]],
) -> tuple[Animation, ...]:
    """The first episodes of each task, the latest tasks first."""
    shown: dict[str, Animation] = {}
    kept = 0
    for number, record, result in found:
        artifact = archive.artifact(record.id, f"{EPISODES}-{result.seed}")
        if artifact is None or artifact.data is None:
            continue
        for task, picture in module.animations(artifact.data):
            if task not in shown and kept + len(picture) <= _BYTES:
                kept += len(picture)
                text = base64.b64encode(picture).decode()
                source = Markup(f"data:image/gif;base64,{text}")
                shown[task] = Animation(task, number, result.seed, source)
    return tuple(list(shown.values())[::-1][:_ANIMATIONS])
