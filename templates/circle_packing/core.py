"""The verifier of packings: exact arithmetic, no tolerance in the candidate's favour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from templates.contract import SeedResult
from templates.errors import CandidateError

__all__ = ["CirclePackingCore", "shrink_to_fit"]

# A script that misses by more than this has not solved the problem; rounding errors are far below.
_LARGEST_SHRINKAGE = Fraction(1, 100)
_ROOT_BITS = 80


class CirclePackingCore:
    """Recomputes the score from centres and radii; satisfies `ScriptCore`."""

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: str, seed: int
    ) -> SeedResult:
        """Sum of radii of the packing that is left once nothing overlaps.

        Raises:
            CandidateError: A radius is negative, a centre outside, or the overlap too large.
        """
        centres, radii = outputs["centres"], outputs["radii"]
        factor = shrink_to_fit(centres, radii)
        if 1 - factor > _LARGEST_SHRINKAGE:
            raise CandidateError(
                "overlap",
                f"circles overlap or stick out: every radius would have to shrink to "
                f"{float(factor):.4f} of itself",
            )
        exact = [Fraction(float(radius)) * factor for radius in radii]
        return SeedResult(
            task=task,
            seed=seed,
            metrics={
                "sum_of_radii": _rounded_down(sum(exact, Fraction())),
                "shrinkage": float(1 - factor),
            },
            detail={
                "centres": centres.tolist(),
                "radii": [_rounded_down(radius) for radius in exact],
            },
        )


def shrink_to_fit(centres: NDArray[np.float64], radii: NDArray[np.float64]) -> Fraction:
    """The largest factor, at most 1 and up to 2**-80, by which all radii fit without overlap.

    Floating-point numbers are rational, so every comparison is exact; a square root, the only
    number here that is not rational, is rounded down.

    Args:
        centres: ``[circles, 2]``.
        radii: ``[circles]``.

    Raises:
        CandidateError: A radius is negative or a centre lies outside of the square.
    """
    points = [(Fraction(float(x)), Fraction(float(y))) for x, y in centres]
    sizes = [Fraction(float(radius)) for radius in radii]
    if any(size < 0 for size in sizes):
        raise CandidateError("negative_radius", "a radius is negative")
    if any(not 0 <= value <= 1 for point in points for value in point):
        raise CandidateError("outside", "a centre lies outside of the unit square")
    factor = Fraction(1)
    for (x, y), size in zip(points, sizes, strict=True):
        room = min(x, y, 1 - x, 1 - y)
        if size > room:
            factor = min(factor, room / size)
    for first, (x, y) in enumerate(points):
        for second in range(first):
            across = (x - points[second][0]) ** 2 + (y - points[second][1]) ** 2
            together = sizes[first] + sizes[second]
            if together * together > across:
                factor = min(factor, _root_rounded_down(across) / together)
    return factor


def _root_rounded_down(square: Fraction) -> Fraction:
    """The largest multiple of 2**-80 whose square is at most this."""
    scaled = (square.numerator << (2 * _ROOT_BITS)) // square.denominator
    return Fraction(math.isqrt(scaled), 1 << _ROOT_BITS)


def _rounded_down(value: Fraction) -> float:
    nearest = float(value)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)
