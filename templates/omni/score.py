"""From what trainings showed to one result for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.contract import SeedResult
from templates.omni.settings import Setup
from templates.omni.technology import ACHIEVEMENTS
from templates.omni.training import Record

__all__ = ["KINDS", "LEARNED", "results", "shares"]

Floats = NDArray[np.float64]

KINDS = ("interesting", "repeat", "compound", "synonym", "impossible")

LEARNED = 0.2
"""Success from which on a task counts as learned."""

_LATE = 3


def shares(setup: Setup, chances: Floats) -> dict[str, float]:
    """Probability of each kind of task.

    Args:
        setup: The task.
        chances: Of each task, ``[tasks]``.
    """
    kinds = np.array([task.kind for task in setup.tasks.tasks])
    return {kind: float(chances[kinds == kind].sum()) for kind in KINDS}


def results(task: str, setup: Setup, seeds: Sequence[int], record: Record) -> list[SeedResult]:
    """One result for each seed, in their order."""
    return [_result(task, setup, seed, record, place) for place, seed in enumerate(seeds)]


def _result(task: str, setup: Setup, seed: int, record: Record, place: int) -> SeedResult:
    tasks = [one for one in setup.tasks.tasks if one.need is not None]
    interesting = [row for row, one in enumerate(tasks) if one.kind == "interesting"]
    # In the order of the technology tree, whatever the order that samplers see.
    interesting.sort(key=lambda row: int(np.argmax(tasks[row].need or ())))
    judged = record.judged[place]
    late = judged[-_LATE:].mean(axis=0)
    generations = setup.generations
    invalid = int(record.invalid[place])
    failed = None
    if not record.finite[place]:
        failed = "training diverged: parameters became infinite or NaN"
    elif invalid:
        failed = (
            f"weights were negative, NaN, infinite or all zero in {invalid} of {generations} "
            "generations: such a weight counted as 0, and where all were 0 all tasks were alike"
        )
    points = len(judged)
    return SeedResult(
        task=task,
        seed=seed,
        metrics={
            "success": float(late.mean()),
            "learned": float((late >= LEARNED).sum()),
            "interesting": float((late[interesting] >= LEARNED).sum()),
            "area": float(judged.mean()),
        },
        detail={
            "task": task,
            "steps": [setup.horizon * (point + 1) // points for point in range(points)],
            "curve": _shown(judged.mean(axis=1)),
            "learned": [int((point >= LEARNED).sum()) for point in judged],
            "names": [one.name for one in ACHIEVEMENTS],
            "interesting": [_shown(point[interesting]) for point in judged],
            "drawn": [
                {kind: round(one, 5) for kind, one in shares(setup, point).items()}
                for point in record.drawn[place]
            ],
        },
        failed=failed,
    )


def _shown(values: Any) -> list[float]:
    return [round(float(x), 5) for x in values]
