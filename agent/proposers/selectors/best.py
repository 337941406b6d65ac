"""The best candidate as the only parent: plain hill climbing."""

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

__all__ = ["Best"]


class Best:
    """Always the best-scored candidate; draws nothing from the generator."""

    name = "best"

    def __init__(self, direction: Direction) -> None:
        self._direction = direction

    def select(self, visible: Sequence[Peer], rng: np.random.Generator) -> Selection:
        """The best candidate, or no parent while nothing has a score."""
        parents = tuple(eligible_parents(visible, self._direction)[:1])
        return Selection(
            parents=parents,
            siblings=siblings_of(visible, parents, self._direction),
            failures=failures_of(visible),
            strategy=self.name,
        )
