"""Normal form: what makes two goals the same, and the words that an agent is told.

Each part becomes a conjunction of clauses, each a disjunction of intervals of quantities;
what others imply is dropped, the rest is sorted. Goals with one normal form are one task.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

from templates.errors import CandidateError
from templates.omni.predicates.language import (
    CLAUSES,
    LITERALS,
    MANY,
    NAMES,
    PARTS,
    QUANTITIES,
    All,
    Atom,
    Condition,
    Goal,
    Measure,
    Not,
    Quantity,
    place_of,
)
from templates.omni.tasks import NUMBERS
from templates.omni.technology import ACHIEVEMENTS, Item

__all__ = ["WORDS", "Literal", "Predicate", "normal_form", "predicate_of"]

_WIDEST = 64
_HAD = {
    item: place_of(Quantity(Measure.HAS, name))
    for item, name in zip(Item, NAMES[Measure.HAS], strict=True)
}
_DONE = {
    one.item: place_of(Quantity(Measure.DID, one.name))
    for one in ACHIEVEMENTS
    if one.item is not None
}
_COME_BY = {_HAD[item]: _DONE[item] for item in Item}
_USED_UP = {item for one in ACHIEVEMENTS for item, _ in one.uses}
_SAME = {
    **{_HAD[item]: _DONE[item] for item in Item if item not in _USED_UP},
    **{
        place_of(Quantity(Measure.PLACED, thing)): place_of(Quantity(Measure.DID, f"place {thing}"))
        for thing in NAMES[Measure.PLACED]
    },
}
_RADIUS = {1: "beside", 2: "near", 3: "around"}


class Literal(NamedTuple):
    """``low <= quantity <= high``; the quantity by its place in `QUANTITIES`."""

    quantity: int
    low: int
    high: int


Clause = tuple[Literal, ...]
Part = tuple[Clause, ...]


@dataclass(frozen=True)
class Predicate:
    """A goal in normal form; equal ones mean the same.

    Args:
        parts: Each a conjunction of clauses, each a disjunction of literals, all sorted.
    """

    parts: tuple[Part, ...]

    @cached_property
    def name(self) -> str:
        """Words for a model and a person, made from the form and nothing else."""
        return " then ".join(
            " and ".join(" or ".join(map(_told, clause)) for clause in part) for part in self.parts
        )

    @cached_property
    def bag(self) -> dict[str, float]:
        """Words with their weight in the bag that an agent is given.

        A bag knows no order, so words of the k-th part weigh 1/k: ``collect wood then place
        table`` is told apart from its reverse.
        """
        found: dict[str, float] = {}
        for place, text in enumerate(self.name.split(" then ")):
            for word in (*(["then"] if place else []), *re.findall("[a-z]+", text)):
                found[word] = found.get(word, 0.0) + 1.0 / (place + 1)
        return found


def normal_form(goal: Goal, where: str = "goal") -> Predicate:
    """The normal form of a goal.

    Args:
        goal: As parsed.
        where: What to call it in errors.

    Raises:
        CandidateError: kind ``contradiction`` where a part can never hold, ``trivial`` where one
            always does, ``size`` where a part needs more clauses or alternatives than a table has.
    """
    several = len(goal.parts) > 1
    parts = []
    for index, condition in enumerate(goal.parts):
        place = f"{where}.then[{index}]" if several else where
        clauses = _clauses(condition, place, wanted=True)
        if not index:
            clauses = [frozenset(map(_since_the_start, clause)) for clause in clauses]
        part = _part(clauses, place)
        parts.append(part if index else _first_had(part))
    if len(parts) > PARTS:
        raise CandidateError("size", f"{where} has {len(parts)} parts; at most {PARTS} fit")
    return Predicate(tuple(parts))


def predicate_of(need: Sequence[int]) -> Predicate:
    """A task of the world's own as a predicate.

    Args:
        need: How often each achievement must be done, in the order of `ACHIEVEMENTS`.
    """
    clauses = [
        (Literal(place_of(Quantity(Measure.DID, one.name)), times, MANY),)
        for one, times in zip(ACHIEVEMENTS, need, strict=True)
        if times
    ]
    return Predicate((tuple(sorted(clauses)),))


def _clauses(condition: Condition, where: str, *, wanted: bool) -> list[frozenset[Literal]]:
    """Conjunctive normal form, of the opposite where it is not wanted."""
    if isinstance(condition, Atom):
        place = place_of(condition.quantity)
        if wanted:
            return [frozenset({Literal(place, condition.low, condition.high)})]
        outside = [Literal(place, 0, condition.low - 1)] if condition.low else []
        if condition.high < MANY:
            outside.append(Literal(place, condition.high + 1, MANY))
        return [frozenset(outside)]
    if isinstance(condition, Not):
        return _clauses(condition.of, where, wanted=not wanted)
    each = [_clauses(one, where, wanted=wanted) for one in condition.of]
    if isinstance(condition, All) == wanted:
        found = list(dict.fromkeys(clause for one in each for clause in one))
    else:
        found = [frozenset()]
        for one in each:
            _bounded(len(found) * len(one), where)
            found = list(dict.fromkeys(a | b for a, b in product(found, one)))
    _bounded(len(found), where)
    return found


def _since_the_start(literal: Literal) -> Literal:
    """What the first part says in terms of what was done, where that is the same number.

    Nothing was done before it; and what is never used up is had as often as it was come by.
    """
    return literal._replace(quantity=_SAME.get(literal.quantity, literal.quantity))


def _first_had(part: Part) -> Part:
    """To have one of something, as all that is asked for, begins with coming by it."""
    if len(part) == len(part[0]) == 1:
        quantity, low, high = part[0][0]
        if quantity in _COME_BY and (low, high) == (1, MANY):
            return ((Literal(_COME_BY[quantity], low, high),),)
    return part


def _bounded(count: int, where: str) -> None:
    if count > _WIDEST:
        raise CandidateError("size", f"{where}: alternatives multiply to over {_WIDEST} clauses")


def _part(clauses: Iterable[frozenset[Literal]], where: str) -> Part:
    found = set(_simple(clauses, where))
    while True:
        # What single literals say together bounds their quantities everywhere else.
        bounds: dict[int, tuple[int, int]] = {}
        for clause in found:
            if len(clause) == 1:
                ((place, low, high),) = clause
                least, most = bounds.get(place, (0, MANY))
                bounds[place] = (max(least, low), min(most, high))
        if any(low > high for low, high in bounds.values()):
            raise CandidateError("contradiction", f"{where} can never hold: bounds exclude it")
        units = {frozenset({Literal(place, *ends)}) for place, ends in bounds.items()}
        rest = set()
        for clause in found:
            if len(clause) > 1 and not any(_implied(one, bounds) for one in clause):
                rest.add(frozenset(one for one in clause if not _excluded(one, bounds)))
        following = set(_simple(units | rest, where))
        if following == found:
            break
        found = following
    kept = [
        clause
        for clause in found
        if not any(other != clause and _within(other, clause) for other in found)
    ]
    if not kept:
        raise CandidateError("trivial", f"{where} always holds")
    if len(kept) > CLAUSES:
        raise CandidateError(
            "size", f"{where} needs {len(kept)} clauses in normal form; at most {CLAUSES} fit"
        )
    widest = max(map(len, kept))
    if widest > LITERALS:
        raise CandidateError(
            "size", f"{where} has {widest} alternatives in a clause; at most {LITERALS} fit"
        )
    return tuple(sorted(tuple(sorted(clause)) for clause in kept))


def _simple(clauses: Iterable[frozenset[Literal]], where: str) -> Iterable[frozenset[Literal]]:
    """Clauses with joined intervals, without those that always hold."""
    for clause in clauses:
        by_quantity: dict[int, list[tuple[int, int]]] = {}
        for place, low, high in sorted(clause):
            ends = by_quantity.setdefault(place, [])
            if ends and low <= ends[-1][1] + 1:
                ends[-1] = (ends[-1][0], max(ends[-1][1], high))
            else:
                ends.append((low, high))
        if any((0, MANY) in ends for ends in by_quantity.values()):
            continue
        joined = frozenset(
            Literal(place, *pair) for place, ends in by_quantity.items() for pair in ends
        )
        if not joined:
            raise CandidateError("contradiction", f"{where} can never hold")
        yield joined


def _implied(literal: Literal, bounds: dict[int, tuple[int, int]]) -> bool:
    low, high = bounds.get(literal.quantity, (0, MANY))
    return literal.low <= low and high <= literal.high


def _excluded(literal: Literal, bounds: dict[int, tuple[int, int]]) -> bool:
    low, high = bounds.get(literal.quantity, (0, MANY))
    return literal.high < low or high < literal.low


def _within(narrow: frozenset[Literal], wide: frozenset[Literal]) -> bool:
    """Whether each literal of one clause lies in one of the other, which it then implies."""
    return all(
        any(
            one.quantity == other.quantity and other.low <= one.low and one.high <= other.high
            for other in wide
        )
        for one in narrow
    )


def _told(literal: Literal) -> str:
    quantity = QUANTITIES[literal.quantity]
    thing = quantity.thing
    if quantity.measure in (Measure.NEAR, Measure.FACING):
        head = _RADIUS.get(quantity.within, "facing")
        return f"{head} {thing}" if literal.low else f"not {head} {thing}"
    if quantity.measure == Measure.DID:
        verb, _, thing = thing.partition(" ")
    else:
        verb = "have" if quantity.measure == Measure.HAS else "standing"
    return " ".join((verb, *_counted(literal.low, literal.high), thing))


def _counted(low: int, high: int) -> tuple[str, ...]:
    if low == high:
        return ("no",) if not low else ("exactly", _number(low))
    if high == MANY:
        return () if low == 1 else (_number(low),)
    if not low:
        return "at", "most", _number(high)
    return _number(low), "to", _number(high)


def _number(value: int) -> str:
    names = ("zero", "one", *NUMBERS, "eleven")
    return names[value]


WORDS: tuple[str, ...] = tuple(
    sorted(
        {
            *("then", "and", "or", "not", "have", "standing", "facing", "no", "exactly", "at"),
            *("most", "to", "zero", "one", *NUMBERS, "eleven"),
            *_RADIUS.values(),
            *(word for quantity in QUANTITIES for word in quantity.thing.split()),
        }
    )
)
"""Every word that a name can have, sorted."""
