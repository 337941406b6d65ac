"""The confirm tier in detail: fresh seeds and held-out tasks, task by task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.archive import CandidateRecord
from agent.evaluation.racing import best_of, gain
from agent.evaluation.seeds import Job
from agent.evaluation.statistics import Estimate, interval
from agent.report.scores import ScoreBook
from templates.contract import Task

__all__ = ["TaskResult", "held_out_results"]


@dataclass(frozen=True)
class TaskResult:
    """A confirmed candidate on one task.

    Args:
        task: The task; its role says whether the search looked at it.
        score: Mean over seeds, with a 95 % interval.
        best_baseline: Name of the baseline that is best on this task.
        baseline_score: Its score.
        gain: Paired gain over it, positive is better, with a 95 % interval that is not corrected
            for the number of tasks.
    """

    task: Task
    score: Estimate
    best_baseline: str
    baseline_score: Estimate
    gain: Estimate


def held_out_results(book: ScoreBook, candidate: CandidateRecord) -> tuple[TaskResult, ...]:
    """A candidate's confirm tier, one entry per task that has at least two seeds.

    Args:
        book: Scores of the campaign.
        candidate: A candidate that was confirmed.
    """
    scores = book.of_tier(candidate, "confirm")
    if not scores:
        return ()
    baselines = {
        record.name: found
        for record in book.archive.candidates(book.campaign.id, kinds=("baseline",))
        if (found := book.of_tier(record, "confirm"))
    }
    if not baselines:
        return ()
    results = []
    for task in book.spec.tasks:
        mine = _of_task(scores, task)
        if len(mine) < 2:
            continue
        table = {name: _of_task(theirs, task) for name, theirs in baselines.items()}
        best = best_of(table, book.spec.primary.direction)
        results.append(
            TaskResult(
                task=task,
                score=interval(list(mine.values())),
                best_baseline=best,
                baseline_score=interval(list(table[best].values())),
                gain=gain(mine, table[best], book.spec.primary.direction),
            )
        )
    return tuple(results)


def _of_task(scores: Mapping[Job, float], task: Task) -> dict[Job, float]:
    return {job: score for job, score in sorted(scores.items()) if job[0] == task.name}
