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

__all__ = ["Animation", "CurriculumView", "Decision", "ProposedTask", "curriculum_view"]

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
class ProposedTask:
    """A task that the model made, and what became of it.

    Args:
        generation: In which it was proposed, from 1.
        agent: Seed of the agent.
        name: Its own, or its place in the answer.
        accepted: Whether it was practised.
        verdict: The kind of its end.
        reason: The same in a sentence.
        thought: The model's reason.
        shown: In how many steps a witness does it, the shortest one; None without any.
        learned: Generation in which it was learned first; None where it was not yet.
        success: On maps that are not learned on, when it was last judged; None if it never was.
    """

    generation: int
    agent: int
    name: str
    accepted: bool
    verdict: str
    reason: str
    thought: str
    shown: int | None
    learned: int | None
    success: float | None


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
    proposed: tuple[ProposedTask, ...]
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
    proposed = tuple(_proposed([(number, result) for number, _, result in found]))
    if module is None:
        return CurriculumView(decisions, proposed, (), ())
    figures = agent_figures(module, _agents(found), details_of(book, baselines))
    episodes = _animations(book.archive, module, found)
    return CurriculumView(decisions, proposed, episodes, tuple(figures))


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


def _proposed(found: Sequence[tuple[int, EvaluationRecord]]) -> list[ProposedTask]:
    """Every task that was proposed, in order; what was learned later is read off what follows."""
    rows = []
    for number, result in found:
        later = [
            (after, one)
            for after, other in found
            if other.seed == result.seed and after >= number
            for one in other.detail.get("proposed", ())
        ]
        for verdict in result.detail["asked"].get("verdicts", ()):
            name, accepted = str(verdict["name"]), bool(verdict["accepted"])
            own = [(after, one) for after, one in later if accepted and one["name"] == name]
            lengths = [len(one["actions"]) for one in verdict.get("witnesses", ())]
            rows.append(
                ProposedTask(
                    generation=number,
                    agent=result.seed,
                    name=name,
                    accepted=accepted,
                    verdict=str(verdict["status"]),
                    reason=str(verdict["reason"]),
                    thought=str(verdict["thought"]),
                    shown=min(lengths, default=None),
                    learned=next((after for after, one in own if one["learned"]), None),
                    success=float(own[-1][1]["success"]) if own else None,
                )
            )
    return rows


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
        case {"kind": "predicates", "tasks": tasks, "new": new}:
            return f"new: {', '.join(new) or 'nothing'}; {len(tasks)} in all"
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
