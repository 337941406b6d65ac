"""A planner that plays: works backwards through the technology tree and walks the map.

It acts in the compiled world step by step and looks at what came of it, since saplings are a matter
of chance. It may fail where a cleverer one would not: then nothing has been shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from templates.omni.predicates.normal import Predicate
from templates.omni.predicates.planning import Place, Search, material_at, reach, room
from templates.omni.predicates.simulation import Simulator, View, Witness
from templates.omni.technology import ACHIEVEMENTS, Achievement, Action, Item, Material

__all__ = ["GIVES", "PLACES", "Player"]

GIVES: dict[Item, int] = {
    one.item: place for place, one in enumerate(ACHIEVEMENTS) if one.item is not None
}
"""Place of the achievement that an item comes from."""

PLACES: dict[Material, int] = {
    one.becomes: place
    for place, one in enumerate(ACHIEVEMENTS)
    if one.item is None and one.becomes is not None
}
"""Place of the achievement that puts a block there."""

_REACH = 2
_FAR = 8
_ROOMY = 2
_OPEN = (Material.GRASS, Material.PATH)


class Player:
    """One episode.

    Args:
        simulator: The world.
        predicate: The task, whose being done ends the episode.
        place: Of the map.
        seed: Of what is left to chance.
        search: Shared by attempts, since its budget bounds them together.
        spare: How much more wood to take along where several tools are to be made.
    """

    def __init__(
        self,
        simulator: Simulator,
        predicate: Predicate,
        place: int,
        seed: int,
        search: Search,
        spare: int,
    ) -> None:
        self._simulator = simulator
        self._params = simulator.params(predicate)
        self._place, self._seed, self._spare = place, seed, spare
        self._search = search
        self._keys = simulator.keys(seed)
        self._state = simulator.begin(place, self._params)
        self._actions: list[int] = []
        self.view: View = simulator.view(self._state)
        self.done = False
        self.most: dict[int, int] = {}
        """Upper bounds of counts, by place of the achievement, that must not be passed."""

    @property
    def over(self) -> bool:
        """Whether the task is done, or there is no time left."""
        return self.done or len(self._actions) >= self._simulator.limit

    @property
    def witness(self) -> Witness:
        """What was done so far."""
        return Witness(self._place, self._seed, tuple(self._actions))

    @property
    def here(self) -> Place:
        """Where one is."""
        return Place(*map(int, self.view.position), *map(int, self.view.facing))

    def has(self, item: Item) -> int:
        """How many one has."""
        return int(self.view.inventory[item])

    def act(self, *actions: Action) -> None:
        """Carry these out, as long as the episode lasts."""
        for action in actions:
            if self.over:
                return
            key = self._keys[len(self._actions)]
            self._state, self.done = self._simulator.step(key, self._state, action, self._params)
            self._actions.append(int(action))
            self.view = self._simulator.view(self._state)

    def go(self, goal: Callable[[Place], bool]) -> bool:
        """Walk, and dig where one may, to where the goal holds; False where there is no way."""
        way = self.way(goal)
        if way is None:
            return False
        self.act(*way)
        return True

    def way(self, goal: Callable[[Place], bool]) -> list[Action] | None:
        """See `Search.way`."""
        dug = [
            one.source
            for place, one in enumerate(ACHIEVEMENTS)
            if one.source is not None
            and one.becomes == Material.PATH
            and all(self.has(tool) for tool in one.needs)
            and place not in self.most
        ]
        return self._search.way(self.view.grid, self.here, dug, goal)

    def allowed(self, place: int) -> bool:
        """Whether doing this once more stays within the bounds."""
        return int(self.view.counts[place]) < self.most.get(place, 1 << 30)

    def do(
        self, place: int, bill: Counter[Item], site: Callable[[Place], bool] | None = None
    ) -> bool:
        """Come closer to doing an achievement, or do it.

        Args:
            place: Of the achievement.
            bill: What is going to be needed of each item.
            site: Where to put a block, besides what the rules ask for.

        Returns:
            Whether anything was done.
        """
        one = ACHIEVEMENTS[place]
        if self.over or not self.allowed(place):
            return False
        for tool in one.needs:
            if not self.has(tool):
                return self.do(GIVES[tool], bill)
        for item, count in one.uses:
            if self.has(item) < count:
                return self._get(item, max(count, bill[item]), bill)
        if one.near and not all(self._near(kind)(self.here) for kind in one.near):
            return self._come_near(one, bill)
        if one.source is not None:
            return self._take(one)
        if one.item is None:
            return self._put(one, site)
        self.act(one.action)
        return True

    def _get(self, item: Item, wanted: int, bill: Counter[Item]) -> bool:
        place = GIVES[item]
        one = ACHIEVEMENTS[place]
        if one.source is None or not all(self.has(tool) for tool in one.needs):
            return self.do(place, bill)
        begun = self.has(item)
        while not self.over and self.has(item) < wanted:
            if not self.allowed(place) or not self._take(one):
                break
        return self.has(item) > begun

    def _take(self, one: Achievement) -> bool:
        if not self.go(lambda here: material_at(self.view.grid, here.ahead) == one.source):
            return False
        self.act(one.action)
        return True

    def _put(self, one: Achievement, site: Callable[[Place], bool] | None) -> bool:
        grid = self.view.grid
        near = [self._near(kind) for kind in one.near]
        ground = (Material.GRASS,) if one.becomes == Material.PLANT else _OPEN
        for least in (_ROOMY, 0):

            def fits(here: Place, least: int = least) -> bool:
                return (
                    material_at(grid, here.ahead) in ground
                    and all(ok(here) for ok in near)
                    and (site is None or site(here))
                    and room(grid, here) >= least
                )

            if self.go(fits):
                self.act(one.action)
                return True
        return False

    def _near(self, kind: Material) -> Callable[[Place], bool]:
        cells = reach(self.view.grid, kind, _REACH)
        return lambda here: cells[here.row][here.column]

    def _come_near(self, one: Achievement, bill: Counter[Item]) -> bool:
        """Walk to the blocks that are needed, or place what is missing."""
        tests = {kind: self._near(kind) for kind in one.near}
        way = self.way(lambda here: all(test(here) for test in tests.values()))
        missing = [kind for kind, test in tests.items() if not test(self.here)]
        if way is not None and (len(way) <= _FAR or not self._can_afford(missing, one)):
            self.act(*way)
            return bool(way)
        for kind in missing:
            if kind == Material.TABLE and Material.FURNACE in tests:
                # The furnace goes where a table is, rather than the other way round.
                table = self.way(tests[kind])
                if table:
                    self.act(*table)
                    return True
            if self.do(PLACES[kind], bill):
                return True
        if way is not None:
            self.act(*way)
        return bool(way)

    def _can_afford(self, kinds: Sequence[Material], one: Achievement) -> bool:
        """Whether one has enough for these blocks besides what the achievement takes."""
        left = Counter({item: self.has(item) for item in Item})
        left.subtract(dict(one.uses))
        for kind in kinds:
            left.subtract(dict(ACHIEVEMENTS[PLACES[kind]].uses))
        return min(left.values()) >= 0 and all(self.allowed(PLACES[kind]) for kind in kinds)

    def bill(self, wanted: Sequence[tuple[int, int]], kept: Counter[Item]) -> Counter[Item]:
        """What has to be collected for some achievements, tools and blocks on the way included.

        Args:
            wanted: Places of achievements, and how often.
            kept: What one wants to have in the end.
        """
        found = Counter(kept)
        tools: set[Item] = set()
        blocks: set[Material] = set()

        def add(place: int, times: int) -> None:
            one = ACHIEVEMENTS[place]
            for item, count in one.uses:
                require(item, count * times)
            for tool in one.needs:
                if not self.has(tool) and tool not in tools:
                    tools.add(tool)
                    add(GIVES[tool], 1)
            for kind in one.near:
                if kind not in blocks and not (self.view.grid == int(kind)).any():
                    blocks.add(kind)
                    add(PLACES[kind], 1)

        def require(item: Item, count: int) -> None:
            found[item] += count
            add(GIVES[item], 0)

        for place, times in wanted:
            add(place, times)
        for item in kept:
            add(GIVES[item], 0)
        if len(tools) > 1:
            found[Item.WOOD] += self._spare
        return found
