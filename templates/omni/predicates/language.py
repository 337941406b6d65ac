"""The language: what can be said about an episode, and what numbers it is made of.

A goal is a sequence of parts; a part is a condition on one moment, put together from atoms by
``all``, ``any`` and ``not``. An atom bounds one quantity: how many of an item one has, how often
something was done since the part began, how many of a block one has placed, how many cells of a
material are near, whether one looks at one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TypeAlias

from templates.omni.technology import ACHIEVEMENTS, Item, Material

__all__ = [
    "CLAUSES",
    "LITERALS",
    "MANY",
    "MOST",
    "NAMES",
    "PARTS",
    "QUANTITIES",
    "WITHIN",
    "All",
    "AnyOf",
    "Atom",
    "Condition",
    "Goal",
    "Measure",
    "Not",
    "Quantity",
    "place_of",
]

PARTS = 3
"""Longest sequence."""

CLAUSES = 4
"""Most clauses of a part in normal form."""

LITERALS = 3
"""Most alternatives in a clause."""

MOST = 10
"""Largest number that can be asked for; there is a word for each up to it."""

WITHIN = (1, 2, 3)
"""How far, in each direction, ``near`` can reach."""

MANY = 1 << 20
"""More than there ever is of anything: the upper end of an interval that has none."""


class Measure(Enum):
    """What is counted; the value is the key of the atom in JSON."""

    HAS = "has"
    DID = "did"
    PLACED = "placed"
    NEAR = "near"
    FACING = "facing"


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


_MATERIALS = tuple(_words(kind.name) for kind in Material if kind != Material.OUTSIDE)

NAMES: dict[Measure, tuple[str, ...]] = {
    Measure.HAS: tuple(_words(item.name) for item in Item),
    Measure.DID: tuple(one.name for one in ACHIEVEMENTS),
    Measure.PLACED: tuple(
        _words(one.becomes.name) for one in ACHIEVEMENTS if one.item is None and one.becomes
    ),
    Measure.NEAR: _MATERIALS,
    Measure.FACING: _MATERIALS,
}
"""What each measure can be of."""


@dataclass(frozen=True)
class Quantity:
    """A number that every moment of an episode has.

    Args:
        measure: What is counted.
        thing: Of what: one of `NAMES`.
        within: How far, for ``near``; otherwise 0.
    """

    measure: Measure
    thing: str
    within: int = 0


QUANTITIES: tuple[Quantity, ...] = (
    *(Quantity(Measure.HAS, name) for name in NAMES[Measure.HAS]),
    *(Quantity(Measure.DID, name) for name in NAMES[Measure.DID]),
    *(Quantity(Measure.PLACED, name) for name in NAMES[Measure.PLACED]),
    *(Quantity(Measure.NEAR, name, within) for within in WITHIN for name in _MATERIALS),
    *(Quantity(Measure.FACING, name) for name in _MATERIALS),
)
"""All of them, in the order of the compiled table."""


@cache
def _places() -> dict[Quantity, int]:
    return {quantity: place for place, quantity in enumerate(QUANTITIES)}


def place_of(quantity: Quantity) -> int:
    """Place in `QUANTITIES`.

    Raises:
        KeyError: There is no such quantity.
    """
    return _places()[quantity]


@dataclass(frozen=True)
class Atom:
    """The quantity is at least ``low`` and at most ``high``."""

    quantity: Quantity
    low: int
    high: int = MANY


@dataclass(frozen=True)
class All:
    """Each of these holds."""

    of: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of these holds."""

    of: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """This does not hold."""

    of: Condition


Condition: TypeAlias = Atom | All | AnyOf | Not
"""What is true or false of one moment."""


@dataclass(frozen=True)
class Goal:
    """Conditions that come true one after the other, each in a later step than the one before."""

    parts: tuple[Condition, ...]
