"""No parent: the model is asked for a fresh idea, knowing what has been tried."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.proposers.selection import Peer, Selection, failures_of, siblings_of
from templates.contract import Direction

__all__ = ["Explore"]


class Explore:
    """Never a parent; siblings and failures are shown all the same."""

    name = "explore"

    def __init__(self, direction: Direction) -> None:
        self._direction = direction

    def select(self, visible: Sequence[Peer], rng: np.random.Generator) -> Selection:
        """What was tried, without a parent to start from."""
        return Selection(
            parents=(),
            siblings=siblings_of(visible, (), self._direction),
            failures=failures_of(visible),
            strategy=self.name,
        )
