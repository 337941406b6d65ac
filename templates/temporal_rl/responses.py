"""How an optimiser answers gradients: to a turn, to their size, over training."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.temporal_rl.levels import MOMENTA, SLOTS, Functions
from templates.temporal_rl.settings import Profile

__all__ = ["digits", "responses_of"]

Floats = NDArray[np.float64]

_STEPS = 48
_TURN = 24
_SIZE = 0.01
_SIZES = np.geomspace(1e-4, 1e-1, 7)
_TIMES = np.linspace(0.0, 1.0, 11)
_TURN_TIMES = (0.0, 1.0)
_REPLICAS = 24


def responses_of(functions: Functions, profile: Profile) -> dict[str, Any]:
    """JSON data for figures: steps, in units of the learning rate, of a parameter at 0.

    Returns:
        ``turn``: per time (``times``) the steps (``steps`` ``[times][48]``) for a gradient of .01
        that becomes -.01 after 24 of them.

        ``size``: root mean square of the step (``step``) after 48 normal gradients of each size
        (``gradient``), in the middle of training.

        ``training``: the same for gradients of size .01, at eleven ``times``.
    """
    random = np.random.default_rng(19)
    normal = random.standard_normal((_STEPS, _REPLICAS))
    turn = np.where(np.arange(_STEPS) < _TURN, _SIZE, -_SIZE)
    streams = [
        *(turn[:, None] for _ in _TURN_TIMES),
        *(size * normal for size in _SIZES),
        *(_SIZE * normal for _ in _TIMES),
    ]
    times = [*_TURN_TIMES, *(0.5 for _ in _SIZES), *_TIMES]
    lengths = [stream.shape[1] for stream in streams]
    steps = _run(functions, profile, np.concatenate(streams, axis=1), np.repeat(times, lengths))
    parts = np.split(steps, np.cumsum(lengths)[:-1], axis=1)
    last = [float(np.sqrt(np.mean(part[-1] ** 2))) for part in parts]
    turns, rest = len(_TURN_TIMES), len(_TURN_TIMES) + len(_SIZES)
    return {
        "turn": {
            "times": list(_TURN_TIMES),
            "steps": [[digits(x) for x in part[:, 0]] for part in parts[:turns]],
        },
        "size": {"gradient": _SIZES.tolist(), "step": [digits(x) for x in last[turns:rest]]},
        "training": {"times": _TIMES.tolist(), "step": [digits(x) for x in last[rest:]]},
    }


def _run(functions: Functions, profile: Profile, gradients: Floats, t: Floats) -> Floats:
    """Steps ``[steps, parameters]`` for gradients of the same shape, at times ``[parameters]``."""
    update = functions["update"]
    size, count = update.population, gradients.shape[1]
    if count > size:
        raise ValueError(f"the population {size} is less than the {count} parameters needed")
    parameter = np.zeros(size, np.float32)
    state = (
        np.asarray(functions["init"].value(jnp.asarray(parameter)))
        if "init" in functions
        else np.zeros((size, SLOTS), np.float32)
    )
    elapsed = np.resize(t, size).astype(np.float32)
    log_n = np.full(size, np.log(profile.horizon), np.float32)
    decays, momenta = np.array(MOMENTA), np.zeros((size, len(MOMENTA)))
    found = []
    for place, gradient in enumerate(gradients):
        own = np.resize(gradient, size).astype(np.float32)
        momenta = decays * momenta + (1 - decays) * own[:, None]
        shown = (momenta / (1 - decays ** (place + 1))).astype(np.float32)
        b = np.full(size, place % profile.updates / profile.updates, np.float32)
        operands = (own, state, parameter, shown, elapsed, b, log_n)
        answer = np.asarray(update.value(*map(jnp.asarray, operands)))
        found.append(answer[:count, 0].astype(np.float64))
        state = answer[:, 1:]
    return np.stack(found)


def digits(value: float) -> float | None:
    """Four digits, None for what is no number."""
    return float(f"{value:.4g}") if np.isfinite(value) else None
