"""Parents drawn by quality times novelty, as ShinkaEvolve does (Lange et al. 2025, 2509.19349).

A candidate with score ``s`` and ``n`` children weighs ``sigmoid((s - median) / scale) / (1 + n)``
with the scores signed so that larger is better. The scale is the scores' median absolute deviation,
so the rule needs no tuning per template. What a review of its code rejects weighs half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.proposers.selection import (
    Peer,
    Selection,
    eligible_parents,
    failures_of,
    siblings_of,
)
from templates.contract import Direction

__all__ = ["Weighted", "parent_weights"]


_REJECTED = 0.5


class Weighted:
    """One or two parents drawn by quality and novelty.

    Args:
        direction: Which way the primary metric is better.
        second_parent: Probability that a second parent joins the first.
    """

    name = "weighted"

    def __init__(self, direction: Direction, second_parent: float = 0.4) -> None:
        self._direction = direction
        self._second_parent = second_parent

    def select(self, visible: Sequence[Peer], rng: np.random.Generator) -> Selection:
        """Draw parents without replacement with probability proportional to their weights."""
        pool = eligible_parents(visible, self._direction)
        count = 1 + int(rng.random() < self._second_parent)
        parents: tuple[Peer, ...] = ()
        if pool:
            weights = parent_weights(pool, visible, self._direction)
            drawn = rng.choice(len(pool), size=min(count, len(pool)), replace=False, p=weights)
            parents = tuple(pool[int(position)] for position in drawn)
        return Selection(
            parents=parents,
            siblings=siblings_of(visible, parents, self._direction),
            failures=failures_of(visible),
            strategy=self.name,
        )


def parent_weights(
    pool: Sequence[Peer], visible: Sequence[Peer], direction: Direction
) -> np.ndarray:
    """Probability of each member of the pool to be drawn first.

    Args:
        pool: Scored candidates, at least one.
        visible: Everyone whose parents count as offspring.
        direction: Which way the score is better.

    Returns:
        Positive probabilities that sum to one, ``[len(pool)]``.
    """
    fitness = direction.sign * np.array([peer.score for peer in pool], dtype=np.float64)
    offset = fitness - np.median(fitness)
    scale = float(np.median(np.abs(offset)))
    if scale == 0.0:
        scale = float(np.abs(offset).mean()) or 1.0
    quality = 1.0 / (1.0 + np.exp(-np.clip(offset / scale, -30.0, 30.0)))
    offspring = np.array([sum(peer.id in child.parents for child in visible) for peer in pool])
    trust = np.array([_REJECTED if peer.verdict == "reject" else 1.0 for peer in pool])
    weights = trust * quality / (1.0 + offspring)
    return np.asarray(weights / weights.sum())
