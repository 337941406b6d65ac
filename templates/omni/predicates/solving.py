"""Whether a task can be done: shown by doing it, or not shown.

A solver picks one alternative of each clause, pursues what is not so yet, and acts in the compiled
world. What it hands back was carried out anew and found true there. That it finds nothing says only
that: planning is greedy, and its cost is bounded by counted steps and places, not by a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice, product

from templates.omni.predicates.language import QUANTITIES, Measure
from templates.omni.predicates.normal import Literal, Part, Predicate
from templates.omni.predicates.planning import Place, Search, material_at, reach
from templates.omni.predicates.player import GIVES, PLACES, Player
from templates.omni.predicates.simulation import Simulator, Witness
from templates.omni.technology import ACHIEVEMENTS, Action, Item, Material, prerequisites

__all__ = ["BUDGET", "begins_done", "solve"]

BUDGET = 400_000
"""Places that the searches for one task may look at on one map."""

_CHOICES = 4
_SPARE = (1, 0, 3)
_PICKAXES = (Item.WOOD_PICKAXE, Item.STONE_PICKAXE, Item.IRON_PICKAXE)
_BY_NAME = {one.name: place for place, one in enumerate(ACHIEVEMENTS)}


def solve(
    simulator: Simulator, predicate: Predicate, place: int, seed: int = 0, budget: int = BUDGET
) -> Witness | None:
    """Try to do a task on a map.

    Args:
        simulator: The world.
        predicate: The task.
        place: Of the map.
        seed: Of what is left to chance.
        budget: Places that all searches together may look at.

    Returns:
        Actions after which the compiled world said that the task is done, carried out twice; None
        where none were found.
    """
    search = Search(budget)
    options = [list(islice(_choices(part), _CHOICES)) for part in predicate.parts]
    for attempt in range(max(map(len, options))):
        chosen = [several[min(attempt, len(several) - 1)] for several in options]
        for own_seed, spare in ((seed, one) for one in _SPARE):
            player = Player(simulator, predicate, place, own_seed, search, spare)
            _play(player, chosen)
            if player.done and simulator.holds(predicate, player.witness):
                return player.witness
            if search.left <= 0:
                return None
    return None


def begins_done(simulator: Simulator, predicate: Predicate, place: int) -> bool:
    """Whether waiting is enough: one step for each part."""
    return any(
        simulator.holds(predicate, Witness(place, 0, (int(Action.WAIT),) * steps))
        for steps in range(1, len(predicate.parts) + 1)
    )


def _choices(part: Part) -> list[tuple[Literal, ...]]:
    """Ways to satisfy a part: one literal of each clause, those that take least first."""
    every = islice(product(*part), 256)
    return sorted(every, key=lambda chosen: (sum(map(_effort, chosen)), chosen))


def _effort(literal: Literal) -> int:
    quantity = QUANTITIES[literal.quantity]
    if not literal.low:
        return 0
    if quantity.measure == Measure.DID:
        return _depth(_BY_NAME[quantity.thing]) * literal.low
    if quantity.measure == Measure.HAS:
        return _depth(GIVES[_item(quantity.thing)]) * literal.low
    placed = PLACES.get(_material(quantity.thing))
    return 1 if placed is None else _depth(placed) * literal.low


def _depth(place: int) -> int:
    """How many achievements must come before, itself counted."""
    found: set[str] = set()
    waiting = [ACHIEVEMENTS[place].name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += prerequisites(ACHIEVEMENTS[_BY_NAME[name]])
    return len(found)


def _play(player: Player, chosen: Sequence[tuple[Literal, ...]]) -> None:
    """Act until the task is done, time is over or there is nothing to do that would help."""
    while not player.over:
        part = chosen[min(player.view.part, len(chosen) - 1)]
        if not _advance(player, part):
            return


def _advance(player: Player, part: tuple[Literal, ...]) -> bool:
    """Do something towards a part; False where nothing comes to mind."""
    player.most = {}
    wanted: list[tuple[int, int]] = []
    kept: Counter[Item] = Counter()
    surplus: list[Item] = []
    spatial: list[Literal] = []
    for literal in part:
        quantity = QUANTITIES[literal.quantity]
        if quantity.measure in (Measure.NEAR, Measure.FACING):
            spatial.append(literal)
        elif quantity.measure == Measure.HAS:
            item = _item(quantity.thing)
            had = player.has(item)
            kept[item] = literal.low
            if had < literal.low:
                wanted.append((GIVES[item], literal.low - had))
            if had > literal.high:
                surplus.append(item)
        else:
            did = quantity.measure == Measure.DID
            place = _BY_NAME[quantity.thing if did else f"place {quantity.thing}"]
            begun = int(player.view.before[place]) if did else 0
            count = int(player.view.counts[place]) - begun
            if count > literal.high:
                return False
            player.most[place] = min(player.most.get(place, 1 << 30), begun + literal.high)
            if count < literal.low:
                wanted.append((place, literal.low - count))
    player.most = {place: most for place, most in player.most.items() if most < 1 << 16}
    if wanted:
        bill = player.bill([(place, n) for place, n in wanted if not _collects(place)], kept)
        # What is made before what is merely taken along, the deepest of that first.
        order = sorted(wanted, key=lambda one: (_collects(one[0]), -_depth(one[0]), one[0]))
        return any(player.do(place, bill) for place, _ in order)
    if surplus:
        return _spend(player, surplus[0])
    return _move(player, spatial)


def _collects(place: int) -> bool:
    return ACHIEVEMENTS[place].source is not None


def _spend(player: Player, item: Item) -> bool:
    """Use something up, by what takes least."""
    users = [place for place, one in enumerate(ACHIEVEMENTS) if item in dict(one.uses)]
    return any(player.do(place, Counter()) for place in sorted(users, key=_depth))


def _move(player: Player, spatial: Sequence[Literal]) -> bool:
    """Go to where everything about the place holds, with blocks put there where that helps."""
    every = [_test(player, literal) for literal in spatial]
    way = player.way(lambda here: all(test(here) for test in every))
    if way is not None:
        # Where nothing is left to do the world has not looked yet: it does after each step.
        player.act(*(way or [Action.WAIT]))
        return True
    wanted = [literal for literal in spatial if literal.low]
    kinds = [kind for kind in PLACES if kind in {_kind(literal) for literal in wanted}]
    present = {kind for kind in Material if (player.view.grid == int(kind)).any()}
    for kind in sorted(kinds, key=lambda kind: kind in present):
        # Those of blocks that are still to be placed come later.
        rest = [
            test
            for literal, test in zip(spatial, every, strict=True)
            if QUANTITIES[literal.quantity].measure == Measure.NEAR
            and _kind(literal) != kind
            and (_kind(literal) in present or not literal.low)
        ]
        bill = player.bill([(PLACES[kind], 1)], Counter())

        def site(here: Place, rest: Sequence[Callable[[Place], bool]] = rest) -> bool:
            return all(test(here) for test in rest)

        if player.do(PLACES[kind], bill, site):
            return True
    # What is walled in can be dug out with a better tool.
    tool = next((tool for tool in _PICKAXES if not player.has(tool)), None)
    if tool is None or not wanted:
        return False
    return player.do(GIVES[tool], player.bill([(GIVES[tool], 1)], Counter()))


def _test(player: Player, literal: Literal) -> Callable[[Place], bool]:
    """Whether a literal about the place holds at one, on the map as it is."""
    quantity = QUANTITIES[literal.quantity]
    kind, wanted = _kind(literal), bool(literal.low)
    if quantity.measure == Measure.FACING:
        grid = player.view.grid
        return lambda here: (material_at(grid, here.ahead) == kind) == wanted
    cells = reach(player.view.grid, kind, quantity.within)
    return lambda here: cells[here.row][here.column] == wanted


def _kind(literal: Literal) -> Material:
    return _material(QUANTITIES[literal.quantity].thing)


def _material(thing: str) -> Material:
    return Material[thing.upper().replace(" ", "_")]


def _item(thing: str) -> Item:
    return Item[thing.upper().replace(" ", "_")]
