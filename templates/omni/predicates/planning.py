"""Finding the way on a map: the cheapest actions after which one stands and looks as wanted."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from templates.omni.maps import SIZE
from templates.omni.technology import Action, Material

__all__ = ["Place", "Search", "material_at", "reach", "room"]

_STEPS = {
    (0, -1): Action.LEFT,
    (0, 1): Action.RIGHT,
    (-1, 0): Action.UP,
    (1, 0): Action.DOWN,
}
_OPEN = (Material.GRASS, Material.PATH)

Grid = NDArray[np.int32]


@dataclass(frozen=True)
class Place:
    """Where one stands, and the step in whose direction one looks."""

    row: int
    column: int
    down: int
    across: int

    @property
    def ahead(self) -> tuple[int, int]:
        """The cell that is looked at."""
        return self.row + self.down, self.column + self.across


class Search:
    """Searches on maps, with a bound on all of them together.

    Args:
        budget: Places that may be looked at.
    """

    def __init__(self, budget: int) -> None:
        self.left = budget

    def way(
        self,
        grid: Grid,
        start: Place,
        dug: Collection[Material],
        goal: Callable[[Place], bool],
    ) -> list[Action] | None:
        """Dijkstra's search over cells and directions.

        Args:
            grid: Materials.
            start: Where one is.
            dug: Materials that are collected where they are in the way: three actions instead of
                one.
            goal: What is wanted.

        Returns:
            Actions, none where one is there already; None where there is no way or the budget is
            used up.
        """
        cells = grid.tolist()
        open_, dug_ = {int(kind) for kind in _OPEN}, {int(kind) for kind in dug}
        queue: list[tuple[int, int, Place]] = [(0, 0, start)]
        best = {start: 0}
        came: dict[Place, tuple[Place, tuple[Action, ...]]] = {}
        pushed = 0
        while queue and self.left > 0:
            cost, _, here = heapq.heappop(queue)
            if cost > best[here]:
                continue
            self.left -= 1
            if goal(here):
                return _back(came, here)
            for (down, across), action in _STEPS.items():
                row, column = here.row + down, here.column + across
                inside = 0 <= row < SIZE and 0 <= column < SIZE
                kind = cells[row][column] if inside else int(Material.OUTSIDE)
                entered = Place(row, column, down, across)
                turned = Place(here.row, here.column, down, across)
                options: list[tuple[Place, tuple[Action, ...]]]
                if kind in open_:
                    options = [(entered, (action,))]
                else:
                    options = [(turned, (action,))]
                    if kind in dug_:
                        digging = (action, Action.COLLECT, action)
                        options.append((entered, digging[1:] if turned == here else digging))
                for there, taken in options:
                    further = cost + len(taken)
                    if further < best.get(there, 1 << 30):
                        best[there] = further
                        came[there] = (here, taken)
                        pushed += 1
                        heapq.heappush(queue, (further, pushed, there))
        return None


def _back(came: dict[Place, tuple[Place, tuple[Action, ...]]], here: Place) -> list[Action]:
    found: list[Action] = []
    while here in came:
        here, taken = came[here]
        found = [*taken, *found]
    return found


def reach(grid: Grid, kind: Material, within: int) -> list[list[bool]]:
    """From which cells a material is at most so far away in each direction: ``[SIZE][SIZE]``."""
    padded = np.pad(grid == int(kind), within)
    found = np.zeros(grid.shape, np.bool_)
    for down in range(2 * within + 1):
        for across in range(2 * within + 1):
            found |= padded[down : down + SIZE, across : across + SIZE]
    rows: list[list[bool]] = found.tolist()
    return rows


def material_at(grid: Grid, cell: tuple[int, int]) -> Material:
    """What a cell is made of; `Material.OUTSIDE` beyond the map."""
    inside = all(0 <= place < SIZE for place in cell)
    return Material(int(grid[cell])) if inside else Material.OUTSIDE


def room(grid: Grid, here: Place) -> int:
    """How many of the cells beside one can be walked on, but for the one that is looked at."""
    beside = [(here.row + down, here.column + across) for down, across in _STEPS]
    return sum(material_at(grid, cell) in _OPEN for cell in beside if cell != here.ahead)
