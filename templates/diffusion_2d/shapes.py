"""Four sets of points in the plane, by formula: a circle, a line, two moons and a dinosaur."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHAPES", "draw"]

Floats = NDArray[np.float64]

_NOISE = 0.04
# Corners of an outline, drawn for this template: snout, head, back, tail, legs, belly, throat.
_DINO = np.array(
    [
        (-1.55, 0.85), (-1.50, 1.10), (-1.20, 1.30), (-0.90, 1.28), (-0.72, 1.05),
        (-0.62, 0.70), (-0.45, 0.40), (-0.10, 0.32), (0.30, 0.28), (0.65, 0.10),
        (0.95, -0.20), (1.25, -0.42), (1.60, -0.48), (1.85, -0.36), (1.70, -0.62),
        (1.30, -0.72), (0.90, -0.62), (0.72, -0.70), (0.75, -1.05), (0.90, -1.20),
        (0.50, -1.20), (0.42, -0.85), (0.20, -0.78), (-0.10, -0.80), (-0.15, -1.20),
        (0.02, -1.30), (-0.45, -1.30), (-0.48, -0.85), (-0.66, -0.50), (-0.90, -0.42),
        (-1.02, -0.55), (-0.96, -0.28), (-0.82, -0.10), (-0.86, 0.25), (-0.95, 0.55),
        (-1.20, 0.62), (-1.45, 0.68),
    ]
)  # fmt: skip


def draw(name: str, count: int, rng: np.random.Generator) -> Floats:
    """Independent points of a shape, ``[count, 2]``, with a little noise.

    Args:
        name: One of `SHAPES`.
        count: How many.
        rng: Source of the randomness.
    """
    return SHAPES[name](count, rng) + _NOISE * rng.normal(size=(count, 2))


def _circle(count: int, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _line(count: int, rng: np.random.Generator) -> Floats:
    along = rng.uniform(-1.5, 1.5, count)
    return np.stack([along, 0.5 * along], axis=1)


def _moons(count: int, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, np.pi, count)
    lower = rng.uniform(size=count) < 0.5
    x = np.where(lower, 1 - np.cos(angle), np.cos(angle)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    return np.stack([x, y], axis=1)


def _dino(count: int, rng: np.random.Generator) -> Floats:
    """Along an outline, each piece as likely as it is long."""
    ends = np.roll(_DINO, -1, axis=0)
    lengths = np.linalg.norm(ends - _DINO, axis=1)
    piece = rng.choice(len(_DINO), size=count, p=lengths / lengths.sum())
    along = rng.uniform(size=(count, 1))
    found: Floats = (1 - along) * _DINO[piece] + along * ends[piece]
    return found


SHAPES: dict[str, Callable[[int, np.random.Generator], Floats]] = {
    "circle": _circle,
    "line": _line,
    "moons": _moons,
    "dino": _dino,
}
