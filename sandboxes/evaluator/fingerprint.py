"""What a program does on the template's probes: identity up to scale and shift, and honesty.

Two losses with the same gradient field train identically under an optimiser that is invariant to
the gradient's scale, whatever constants were added. So a fingerprint is taken from the gradient on
fixed probes, normalized as the function's ``identity`` says: for each population member by itself
(a positive factor that depends on the member, say on beta, is the same experiment too), as a whole,
or not at all. Functions without a derivative are fingerprinted by their values, which are centered
where they are normalized; weights (``shares``) are divided by their mean for each probe by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from sandboxes.evaluator.bind import BoundProgram
from templates.errors import CandidateError

__all__ = ["ProbeResult", "probe"]

_COMPONENTS = 16  # of the random projection, per population member
_WHOLE_COMPONENTS = 64  # where all members are one vector
_STEPS = (1e-2, 3e-3, 1e-3)
_DIRECTIONS = 2
_MISMATCH = 0.05
_MAX_NON_FINITE = 0.01

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProbeResult:
    """What the probes showed.

    Args:
        fingerprint: Float32 numbers as hexadecimal text, as many for every program of a template;
            None if all are zero. For ``member_scale`` there are 16 for each member.
        flags: ``gradient_mismatch``: the derivative that the program carries is not the
            derivative of its value (a custom derivative, or a stopped gradient);
            ``zero_gradient``; ``some_non_finite``; ``non_deterministic``.
        mismatch: Relative difference between derivative and finite differences: the median over
            probes, of the function and (for ``member_scale``) the member where it is largest.
    """

    fingerprint: str | None
    flags: tuple[str, ...]
    mismatch: float


def probe(
    functions: Mapping[str, BoundProgram], probes: Mapping[str, Sequence[Any]]
) -> ProbeResult:
    """Run all functions on their probes.

    Args:
        functions: Bound functions by name.
        probes: Per function, argument tuples, arrays ``[population, *shape]``.

    Raises:
        CandidateError: kind ``non_finite``: more than one in a hundred results is NaN or infinite.
    """
    flags: set[str] = set()
    parts: list[Array] = []
    mismatches: list[float] = []
    for name in sorted(probes):
        if name not in functions:
            parts.append(np.zeros(_WHOLE_COMPONENTS))
            continue
        bound = functions[name]
        value = jax.jit(bound.value)
        values = [_array(value(*arguments)) for arguments in probes[name]]
        repeated = _array(value(*probes[name][0]))
        if not np.array_equal(values[0], repeated, equal_nan=True):
            flags.add("non_deterministic")
        chosen = [i for i, a in enumerate(bound.signature.arguments) if a.differentiate]
        fields = values
        if chosen:
            fields = _gradients(bound, probes[name], values)
            differences = _mismatches(value, fields, probes[name], chosen)
            if bound.signature.identity != "member_scale":
                differences = differences.reshape(1, -1)
            mismatches += [
                float(np.median(own[np.isfinite(own)]))
                for own in differences
                if np.isfinite(own).any()
            ]
        elif bound.signature.identity == "shares":
            fields = [_shares(value) for value in values]
        everything = np.concatenate([x.ravel() for x in (*values, *fields)])
        non_finite = float(np.mean(~np.isfinite(everything)))
        if non_finite > _MAX_NON_FINITE:
            raise CandidateError(
                "non_finite",
                f"`{name}` gives NaN or infinity for {non_finite:.0%} of ordinary inputs (value or "
                "gradient): avoid log, sqrt, division and large exp of unbounded quantities",
            )
        if non_finite:
            flags.add("some_non_finite")
        parts.append(_project(fields, bound.signature.identity, centered=not chosen))
    mismatch = max(mismatches, default=0.0)
    if mismatch > _MISMATCH:
        flags.add("gradient_mismatch")
    vector = np.concatenate(parts).astype(np.float32)
    if not vector.any():
        flags.add("zero_gradient" if mismatches else "constant")
        return ProbeResult(None, tuple(sorted(flags)), mismatch)
    return ProbeResult(vector.tobytes().hex(), tuple(sorted(flags)), mismatch)


def _array(value: jax.Array) -> Array:
    return np.asarray(value, dtype=np.float64)


def _gradients(bound: BoundProgram, probes: Sequence[Any], values: Sequence[Array]) -> list[Array]:
    """Per probe, the gradient of the sum over the batch: ``[population, chosen * size]``."""
    vjp = jax.jit(bound.vjp)
    found = []
    for arguments, value in zip(probes, values, strict=True):
        gradients = vjp(*arguments, np.ones(value.shape, np.float32))
        found.append(
            np.concatenate([_array(g).reshape(value.shape[0], -1) for g in gradients], axis=1)
        )
    return found


def _mismatches(
    value: Any, gradients: Sequence[Array], probes: Sequence[Any], chosen: Sequence[int]
) -> Array:
    """Relative differences to central differences along random directions.

    Kinks and jumps spoil single differences, hence several steps of which the best counts, and a
    median over many directions at the end.

    Returns:
        ``[population, probes * directions]``; NaN where the value is not finite.
    """
    rng = np.random.default_rng(20240612)
    found: list[Array] = []
    for arguments, gradient in zip(probes, gradients, strict=True):
        population = gradient.shape[0]
        for _ in range(_DIRECTIONS):
            directions = [rng.standard_normal(np.shape(arguments[i])) for i in chosen]
            flat = np.concatenate([d.reshape(population, -1) for d in directions], axis=1)
            claimed = np.sum(gradient * flat, axis=1)
            scale = np.linalg.norm(gradient, axis=1) + 1e-6
            best = np.full(population, np.inf)
            for step in _STEPS:
                sums = []
                for sign in (1.0, -1.0):
                    moved = list(arguments)
                    for index, direction in zip(chosen, directions, strict=True):
                        moved[index] = (arguments[index] + sign * step * direction).astype(
                            np.float32
                        )
                    sums.append(_array(value(*moved)).reshape(population, -1).sum(axis=1))
                actual = (sums[0] - sums[1]) / (2 * step)
                # A zero gradient that is claimed where the value moves is a mismatch of one.
                size = np.maximum(scale, np.abs(actual))
                best = np.fmin(best, np.abs(actual - claimed) / size)
            found.append(best)
    return np.stack(found, axis=1)


def _shares(value: Array) -> Array:
    """Each member's weights as multiples of their mean."""
    flat = value.reshape(value.shape[0], -1)
    mean = np.abs(np.nan_to_num(flat, posinf=0.0, neginf=0.0)).mean(axis=1, keepdims=True)
    return np.asarray(np.divide(flat, mean, out=np.zeros_like(flat), where=mean > 0))


def _project(fields: Sequence[Array], identity: str, *, centered: bool) -> Array:
    """Fixed random projection of each member's unit vector, or of all members as one vector."""
    population = fields[0].shape[0]
    joined = np.concatenate([f.reshape(population, -1) for f in fields], axis=1)
    joined = np.nan_to_num(joined, nan=0.0, posinf=0.0, neginf=0.0)
    if identity != "member_scale":
        return _project_whole(joined.ravel(), identity, centered=centered)
    if centered:
        joined = joined - joined.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(joined, axis=1, keepdims=True)
    unit = np.divide(joined, norms, out=np.zeros_like(joined), where=norms > 1e-9)
    matrix = np.random.default_rng(7).standard_normal((joined.shape[1], _COMPONENTS))
    return np.asarray(unit @ matrix / np.sqrt(_COMPONENTS)).ravel()


def _project_whole(field: Array, identity: str, *, centered: bool) -> Array:
    """Fixed random projection of one vector: ``[64]``.

    Where a factor matters (or is gone already) nothing is normalized but the number of entries;
    their inverse hyperbolic sine keeps a few large ones from hiding the rest.
    """
    if identity in ("exact", "shares"):
        field = np.arcsinh(field) / np.sqrt(field.size)
    else:
        field = field - field.mean() if centered else field
        norm = np.linalg.norm(field)
        field = field / norm if norm > 1e-9 else np.zeros_like(field)
    matrix = np.random.default_rng(7).standard_normal((field.size, _WHOLE_COMPONENTS))
    return np.asarray(field @ matrix / np.sqrt(_WHOLE_COMPONENTS))
