"""From what trainings showed to one result for each seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from templates.contract import SeedResult
from templates.temporal_rl.normalization import late_return, normalized, random_return
from templates.temporal_rl.settings import POINTS, Setup
from templates.temporal_rl.training import Record

__all__ = ["results"]

Floats = NDArray[np.float64]

_LIMIT = 10.0


def results(task: str, setup: Setup, seeds: list[int], record: Record) -> list[SeedResult]:
    """One result for each seed, in their order.

    A training that diverged counts as a random policy from its first step on.
    """
    curves = np.clip(normalized(setup, record.returns), -_LIMIT, _LIMIT)
    return [_result(task, setup, seed, record, curves, place) for place, seed in enumerate(seeds)]


def _result(
    task: str, setup: Setup, seed: int, record: Record, curves: Floats, place: int
) -> SeedResult:
    finite = bool(record.finite[place]) and bool(np.isfinite(record.returns[place]).all())
    curve = curves[place] if finite else np.zeros(POINTS)
    returns = record.returns[place] if finite else np.full(POINTS, random_return(setup))

    def shown(values: Floats) -> list[float]:
        return [round(float(x), 6) for x in np.nan_to_num(values, posinf=0.0, neginf=0.0)]

    entropy, divergence = shown(record.entropy[place]), shown(record.divergence[place])
    return SeedResult(
        task=task,
        seed=seed,
        metrics={
            "normalized_return": float(late_return(curve[None])[0]),
            "return": float(late_return(returns[None])[0]),
            "area": float(curve.mean()),
            "entropy": entropy[-1],
            "divergence": float(np.mean(divergence)),
        },
        detail={
            "task": task,
            "steps": [setup.horizon * (point + 1) // POINTS for point in range(POINTS)],
            "curve": shown(curve),
            "entropy": entropy,
            "beyond_clip": shown(record.beyond_clip[place]),
            "divergence": divergence,
        },
        failed=None
        if finite
        else "training diverged: parameters or returns became infinite or NaN",
    )
