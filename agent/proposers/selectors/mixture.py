"""The default: each slot draws one of the other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agent.proposers.selection import Peer, Selection, Selector
from agent.proposers.selectors.best import Best
from agent.proposers.selectors.explore import Explore
from agent.proposers.selectors.weighted import Weighted
from templates.contract import Direction

__all__ = ["Mixture"]

_SHARES = {"weighted": 0.5, "best": 0.2, "explore": 0.3}


class Mixture:
    """Draws a rule per slot, then lets it select; the selection carries that rule's name.

    Args:
        direction: Which way the primary metric is better.
        shares: Probability of ``weighted``, ``best`` and ``explore``; they must sum to one.
    """

    name = "mixture"

    def __init__(self, direction: Direction, shares: Mapping[str, float] = _SHARES) -> None:
        rules: tuple[Selector, ...] = (Weighted(direction), Best(direction), Explore(direction))
        unknown = set(shares) - {rule.name for rule in rules}
        if unknown:
            raise ValueError(f"no such selector in the mixture: {sorted(unknown)}")
        self._rules = rules
        self._shares = [shares.get(rule.name, 0.0) for rule in rules]

    def select(self, visible: Sequence[Peer], rng: np.random.Generator) -> Selection:
        """Select by a rule drawn from the shares."""
        drawn = int(rng.choice(len(self._rules), p=self._shares))
        return self._rules[drawn].select(visible, rng)
