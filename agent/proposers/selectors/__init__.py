"""The rules that choose parents, by name."""

from __future__ import annotations

from collections.abc import Callable

from agent.proposers.selection import Selector
from agent.proposers.selectors.best import Best
from agent.proposers.selectors.explore import Explore
from agent.proposers.selectors.mixture import Mixture
from agent.proposers.selectors.weighted import Weighted
from reviewers.registry import Registry
from templates.contract import Direction

__all__ = [
    "DEFAULT_SELECTOR",
    "SELECTORS",
    "Best",
    "Explore",
    "Mixture",
    "Weighted",
    "open_selector",
]

SELECTORS: Registry[Callable[[Direction], Selector]] = Registry("selector")
SELECTORS.register("weighted")(Weighted)
SELECTORS.register("best")(Best)
SELECTORS.register("explore")(Explore)
SELECTORS.register("mixture")(Mixture)

DEFAULT_SELECTOR = "mixture"


def open_selector(name: str, direction: Direction) -> Selector:
    """The selector of that name for a metric of that direction.

    Raises:
        UserError: No such selector; the message lists near ones.
    """
    return SELECTORS[name](direction)
