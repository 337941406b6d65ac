"""Which points are hidden, and how samples are compared with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from templates.contract import SeedResult, Task
from templates.diffusion_2d.distances import kl_divergence, mmd, wasserstein
from templates.diffusion_2d.shapes import draw
from templates.errors import CandidateError
from templates.hiding import hidden_generator

__all__ = ["Diffusion2dCore", "copied_share"]

_COMPARED = 1000
_SHOWN = 400
_FARTHEST = 1e3
# How much nearer to given points than hidden ones are samples may be, and how many of them.
_COPY_QUANTILE = 0.02
_MOST_COPIES = 0.2

Floats = NDArray[np.float64]


class Diffusion2dCore:
    """Draws points of a shape and keeps half of them; satisfies `ExperimentCore`.

    The shape is turned, stretched and moved for each seed, so that it has to be learned.

    Args:
        profile: The setting of that name; sizes come with the task.
    """

    def __init__(self, profile: str = "cpu") -> None:
        self._profile = profile

    def inputs(self, *, task: Task, seed: int) -> Mapping[str, NDArray[Any]]:
        """Points to learn from."""
        return {"points": drawn(task, seed)[0]}

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: Task, seed: int
    ) -> SeedResult:
        """Distances between samples and hidden points.

        Raises:
            CandidateError: Samples are copies of the given points, or too far away to count.
        """
        known, hidden = drawn(task, seed)
        samples = outputs["samples"]
        scale = float(known.std())
        samples, known, hidden = samples / scale, known / scale, hidden / scale
        if np.abs(samples).max() > _FARTHEST:
            raise CandidateError("diverged", "samples lie a thousand times farther out than points")
        copied = copied_share(samples, known, hidden)
        if copied > _MOST_COPIES:
            raise CandidateError(
                "copied",
                f"{copied:.0%} of the samples are copies of given points: the model must draw "
                "points of its own",
            )
        return SeedResult(
            task=task.name,
            seed=seed,
            metrics={
                "kl": kl_divergence(hidden, samples),
                "kl_reverse": kl_divergence(samples, hidden),
                "wasserstein": wasserstein(hidden[:_COMPARED], samples[:_COMPARED]),
                "mmd": mmd(hidden[:_COMPARED], samples[:_COMPARED]),
            },
            detail={
                "samples": np.round(samples[:_SHOWN], 3).tolist(),
                "hidden": np.round(hidden[:_SHOWN], 3).tolist(),
            },
        )


def copied_share(samples: Floats, known: Floats, hidden: Floats) -> float:
    """Share of samples that lie nearer to a given point than nearly all hidden points do.

    Args:
        samples: ``[samples, 2]``.
        known: The given points, ``[known, 2]``.
        hidden: Points that are independent of them, ``[hidden, 2]``.
    """
    tree = cKDTree(known)
    usual = np.quantile(tree.query(hidden)[0], _COPY_QUANTILE)
    return float(np.mean(np.asarray(tree.query(samples)[0]) < usual))


def drawn(task: Task, seed: int) -> tuple[Floats, Floats]:
    """Points of a shape that a seed turns, stretches and moves.

    Args:
        task: Whose shape.
        seed: Of all that is drawn.

    Returns:
        Given points ``[known, 2]``, and hidden ones ``[hidden, 2]``, which the lab does not get.
    """
    rng = hidden_generator("diffusion_2d", task.name, seed)
    angle, stretch = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 1.4)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = rng.normal(size=2)
    count = task.values["known"]
    points = draw(task.name, count + task.values["hidden"], rng) * (stretch, 1 / stretch)
    points = points @ turn + move
    return points[:count], points[count:]
