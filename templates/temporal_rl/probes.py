"""Fixed inputs on which the behaviour of candidates is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.temporal_rl.levels import MOMENTA, SLOTS

__all__ = ["probe_arguments"]

Arguments = tuple[NDArray[np.float32], ...]

_SAMPLES = 128
_SPREADS = (0.05, 0.2, 0.5, 1.0)
_GRADIENTS = (1e-4, 1e-3, 1e-2, 1e-1)


def probe_arguments(population: int, horizon: int) -> dict[str, list[Arguments]]:
    """Arguments of every function of every level, by the function's name.

    Samples as training has them, and beyond: log-ratios from a few hundredths to some units,
    normal advantages, all of training, horizons from a quarter to four times that of the search.
    Gradients from a ten-thousandth to a tenth. What an optimiser remembers is never negative here,
    since it may be a mean of squares: at first zero, then about as large as the gradient.

    Args:
        population: Leading axis; the same samples repeat along it.
        horizon: N of the search.
    """
    random = np.random.default_rng(20240208)
    found: dict[str, list[Arguments]] = {
        name: [] for name in ("drift", "loss", "learning_rate", "update", "init")
    }

    def add(name: str, *arrays: Any) -> None:
        found[name].append(_sized(population, *arrays))

    for spread in _SPREADS:
        log_r = spread * random.standard_normal(_SAMPLES)
        advantage = random.standard_normal(_SAMPLES)
        t, b = random.uniform(0, 1, _SAMPLES), random.uniform(0, 1, _SAMPLES)
        log_n = np.log(horizon * 2.0 ** random.integers(-2, 3, _SAMPLES))
        entropy = random.uniform(0, 1.6, _SAMPLES)
        v_old, target = random.standard_normal((2, _SAMPLES))
        v = v_old + 0.3 * random.standard_normal(_SAMPLES)
        eps = np.full(_SAMPLES, 0.2)
        add("drift", np.exp(log_r), log_r, advantage, t, log_n, eps)
        add("loss", log_r, advantage, entropy, v, v_old, target, t, b, log_n)
        add("learning_rate", t, b, log_n)
    for place, size in enumerate(_GRADIENTS):
        gradient = size * random.standard_normal(_SAMPLES)
        slots = size * np.abs(random.standard_normal((_SAMPLES, SLOTS))) if place else 0.0
        parameter = 0.2 * random.standard_normal(_SAMPLES)
        momenta = size * random.standard_normal((_SAMPLES, len(MOMENTA)))
        t, b = random.uniform(0, 1, _SAMPLES), random.uniform(0, 1, _SAMPLES)
        log_n = np.log(horizon * 2.0 ** random.integers(-2, 3, _SAMPLES))
        state = np.broadcast_to(slots, (_SAMPLES, SLOTS))
        add("update", gradient, state, parameter, momenta, t, b, log_n)
        add("init", parameter)
    return {**found, "entropy_weight": found["learning_rate"]}


def _sized(population: int, *arrays: Sequence[float] | NDArray[np.float64]) -> Arguments:
    return tuple(
        np.resize(array, (population, *np.shape(array)[1:])).astype(np.float32) for array in arrays
    )
