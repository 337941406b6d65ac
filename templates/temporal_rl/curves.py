"""A candidate as a surface over ratio and advantage, and what it does over training.

Everything is in terms of the policy's objective per sample, ``r A - D`` for a drift: its slope in r
says how hard a sample is pushed. Without a drift it is the advantage.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.contract import BoundFunction
from templates.temporal_rl.levels import Functions
from templates.temporal_rl.responses import digits, responses_of
from templates.temporal_rl.settings import Profile

__all__ = ["curves_of"]

Floats = NDArray[np.float64]

_LOG_RATIOS = np.linspace(np.log(0.4), np.log(2.5), 31)
_ADVANTAGES = np.linspace(-2.0, 2.0, 25)
_TIMES = (0.0, 0.5, 1.0)
_ALL_TIMES = np.linspace(0.0, 1.0, 11)
_KEPT = 0.1
_TOLERANCE = 1e-4


def curves_of(functions: Functions, profile: Profile) -> dict[str, Any]:
    """JSON data for figures.

    Returns:
        ``ratios`` ``[31]``, ``advantages`` ``[25]``, ``times`` ``[3]``.

        ``surfaces``: per time the drift's ``value`` and its ``slope`` in r, ``[advantages,
        ratios]``; an objective's drift is what its policy part lacks to ``r A``.

        ``pressure``: over eleven ``times`` the ``upper`` and ``lower`` ratio beyond which a sample
        of advantage +1 or -1 is pushed with less than a tenth of the force at r = 1 (None: never),
        the weight of the ``entropy`` bonus and the ``learning_rate`` factor.

        ``validity``: of a drift, whether it is one; if not, ``flags`` say ``not_a_drift``.

        Of an optimiser none of these, but ``responses``; see `responses_of`.
    """
    if "update" in functions:
        return {"responses": responses_of(functions, profile)}
    surfaces = [_surface(functions, profile, time) for time in _TIMES]
    found: dict[str, Any] = {
        "ratios": _listed(np.exp(_LOG_RATIOS)),
        "advantages": _listed(_ADVANTAGES),
        "times": list(_TIMES),
        "surfaces": [
            {"value": _listed(value), "slope": _listed(slope)} for value, slope in surfaces
        ],
        "pressure": _pressure(functions, profile),
    }
    if "drift" in functions:
        validity = found["validity"] = _validity(functions, profile)
        found["flags"] = [] if validity["valid"] else ["not_a_drift"]
    return found


def _surface(
    functions: Functions,
    profile: Profile,
    time: float,
    log_ratios: Floats = _LOG_RATIOS,
    advantages: Floats = _ADVANTAGES,
) -> tuple[Floats, Floats]:
    """Drift and its slope in r, ``[advantages, ratios]``."""
    grid_a, grid_l = np.meshgrid(advantages, log_ratios, indexing="ij")
    log_r, a = grid_l.ravel(), grid_a.ravel()
    r = np.exp(log_r)
    t = np.full_like(r, time)
    log_n = np.full_like(r, np.log(profile.horizon))
    if "drift" in functions:
        value, (of_ratio, of_log) = _run(
            functions["drift"], r, log_r, a, t, log_n, np.full_like(r, profile.clip)
        )
        slope = of_ratio + of_log / r
    else:
        zero = np.zeros_like(r)
        entropy = np.full_like(r, 0.5)
        loss, (of_log, _, _) = _run(
            functions["loss"], log_r, a, entropy, zero, zero, zero, t, zero, log_n
        )
        still, _ = _run(functions["loss"], zero, a, entropy, zero, zero, zero, t, zero, log_n)
        value, slope = loss - still + (r - 1) * a, of_log / r + a
    return value.reshape(grid_a.shape), slope.reshape(grid_a.shape)


def _pressure(functions: Functions, profile: Profile) -> dict[str, Any]:
    sides = {"upper": (1.0, 1), "lower": (-1.0, -1)}
    found: dict[str, Any] = {"times": _listed(_ALL_TIMES), "upper": [], "lower": []}
    fine = np.linspace(0.0, np.log(5.0), 400)
    for time in _ALL_TIMES:
        for name, (advantage, sign) in sides.items():
            _, slope = _surface(functions, profile, time, sign * fine, np.array([advantage]))
            force = (advantage - slope[0]) * advantage
            weak = np.flatnonzero(force < _KEPT * max(force[0], 1e-9))
            found[name].append(float(np.exp(sign * fine[weak[0]])) if weak.size else None)
    found["entropy"] = _entropy_weights(functions, profile)
    found["learning_rate"] = _schedule(functions, profile, "learning_rate")
    return found


def _entropy_weights(functions: Functions, profile: Profile) -> list[float]:
    """What a nat of entropy is worth, against an advantage of one standard deviation."""
    if "drift" in functions:
        return [
            profile.entropy * weight for weight in _schedule(functions, profile, "entropy_weight")
        ]
    t = _ALL_TIMES
    zero, one = np.zeros_like(t), np.ones_like(t)
    log_n = np.log(profile.horizon) * one
    _, (of_log, of_entropy, _) = _run(
        functions["loss"], zero, one, 0.5 * one, zero, zero, zero, t, zero, log_n
    )
    scale = np.where(np.abs(of_log) > 1e-9, np.abs(of_log), np.nan)
    return [float(x) for x in np.nan_to_num(-of_entropy / scale)]


def _schedule(functions: Functions, profile: Profile, name: str) -> list[float]:
    if name not in functions:
        return [1.0] * len(_ALL_TIMES)
    t = _ALL_TIMES
    values = _values(functions[name], t, np.zeros_like(t), np.full_like(t, np.log(profile.horizon)))
    return [float(x) for x in np.nan_to_num(values)]


def _validity(functions: Functions, profile: Profile) -> dict[str, Any]:
    """Whether it is a drift as mirror learning needs one: D >= 0, D = 0 and D' = 0 at r = 1.

    (Kuba et al. 2022, definition of a drift functional.) Reported, never enforced.
    """
    lowest = at_one = slope_at_one = 0.0
    for time in _ALL_TIMES:
        value, _ = _surface(functions, profile, time)
        lowest = min(lowest, float(np.nan_to_num(value, nan=-np.inf).min()))
        here, slope = _surface(functions, profile, time, np.zeros(1))
        at_one = max(at_one, _largest(here))
        slope_at_one = max(slope_at_one, _largest(slope))
    valid = lowest >= -_TOLERANCE and at_one <= _TOLERANCE and slope_at_one <= _TOLERANCE
    return {
        "valid": bool(valid),
        "lowest": digits(lowest),
        "at_one": digits(at_one),
        "slope_at_one": digits(slope_at_one),
    }


def _largest(values: Floats) -> float:
    """Absolute value of the largest; infinite where one is not a number."""
    return float(np.nan_to_num(np.abs(values), nan=np.inf, posinf=np.inf).max())


def _run(function: BoundFunction, *arguments: Floats) -> tuple[Floats, list[Floats]]:
    """Values and slopes at any number of points."""
    values: list[Floats] = []
    slopes: list[list[Floats]] = []
    for operands, kept in _batches(function, arguments):
        ones = jnp.ones(function.population)
        values.append(np.asarray(function.value(*operands), np.float64)[:kept])
        slopes.append([np.asarray(s, np.float64)[:kept] for s in function.vjp(*operands, ones)])
    return np.concatenate(values), [np.concatenate(parts) for parts in zip(*slopes, strict=True)]


def _values(function: BoundFunction, *arguments: Floats) -> Floats:
    return np.concatenate(
        [
            np.asarray(function.value(*operands), np.float64)[:kept]
            for operands, kept in _batches(function, arguments)
        ]
    )


def _batches(function: BoundFunction, arguments: tuple[Floats, ...]) -> list[tuple[Any, int]]:
    """Arguments cut to the population's size, the last filled up, and how many of each count."""
    size, total = function.population, len(arguments[0])
    found = []
    for start in range(0, total, size):
        kept = min(size, total - start)
        operands = [
            np.resize(argument[start : start + kept], size).astype(np.float32)
            for argument in arguments
        ]
        found.append((operands, kept))
    return found


def _listed(values: Floats) -> Any:
    """Nested lists of four digits, None for what is no number."""
    if values.ndim > 1:
        return [_listed(row) for row in values]
    return [digits(x) for x in values]
