"""Fixed inputs on which the behaviour of candidates is told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from templates.temporal_rl.settings import HORIZON

__all__ = ["probe_arguments"]

Arguments = tuple[NDArray[np.float32], ...]

_BATCHES = 4
_SAMPLES = 128
_SPREADS = (0.05, 0.2, 0.5, 1.0)


def probe_arguments(population: int) -> dict[str, list[Arguments]]:
    """Arguments of every function of every level, by the function's name.

    Samples as training has them, and beyond: log-ratios from a few hundredths to some units,
    normal advantages, all of training, horizons from a quarter to four times that of the search.

    Args:
        population: Leading axis; the same samples repeat along it.
    """
    random = np.random.default_rng(20240208)
    drift: list[Arguments] = []
    loss: list[Arguments] = []
    schedule: list[Arguments] = []
    for spread in _SPREADS[:_BATCHES]:
        log_r, advantage = (
            spread * random.standard_normal(_SAMPLES),
            random.standard_normal(_SAMPLES),
        )
        t, b = random.uniform(0, 1, _SAMPLES), random.uniform(0, 1, _SAMPLES)
        log_n = np.log(HORIZON * 2.0 ** random.integers(-2, 3, _SAMPLES))
        entropy = random.uniform(0, 1.6, _SAMPLES)
        v_old, target = random.standard_normal((2, _SAMPLES))
        v = v_old + 0.3 * random.standard_normal(_SAMPLES)
        eps = np.full(_SAMPLES, 0.2)
        drift.append(_sized(population, np.exp(log_r), log_r, advantage, t, log_n, eps))
        loss.append(_sized(population, log_r, advantage, entropy, v, v_old, target, t, b, log_n))
        schedule.append(_sized(population, t, b, log_n))
    return {
        "drift": drift,
        "loss": loss,
        "learning_rate": schedule,
        "entropy_weight": schedule,
    }


def _sized(population: int, *arrays: Sequence[float] | NDArray[np.float64]) -> Arguments:
    return tuple(np.resize(np.asarray(array), population).astype(np.float32) for array in arrays)
