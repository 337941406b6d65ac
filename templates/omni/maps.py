"""A pool of maps, drawn once: meadows, water, woods and mountains with ores and caves.

Each map holds enough of everything, and all of it can be walked to (through rock that can be dug),
so that no possible task is impossible for want of a map.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from templates.omni.technology import Material

__all__ = ["SIZE", "map_pool"]

SIZE = 20
"""Cells along each side."""

_ENOUGH = {
    Material.GRASS: 60,
    Material.WATER: 4,
    Material.TREE: 12,
    Material.STONE: 40,
    Material.COAL: 5,
    Material.IRON: 3,
    Material.DIAMOND: 1,
}
_AT_FIRST = {Material.GRASS: 40, Material.TREE: 6, Material.STONE: 1}
_WALKABLE = (Material.GRASS, Material.PATH)
_BARRIERS = (Material.WATER, Material.TREE)

Grid = NDArray[np.uint8]


@cache
def map_pool(count: int, seed: int = 0) -> tuple[Grid, NDArray[np.int32]]:
    """Maps and where an agent starts on them.

    Args:
        count: How many.
        seed: Of the pool; a larger pool of the same seed begins with the smaller one.

    Returns:
        Materials ``[count, SIZE, SIZE]`` and cells ``[count, 2]`` (row, column), all grass.
    """
    random = np.random.default_rng(seed)
    grids: list[Grid] = []
    starts: list[tuple[int, int]] = []
    while len(grids) < count:
        grid = _draw(random)
        start = _start(grid)
        if start is not None and _suffices(grid, start):
            grids.append(grid)
            starts.append(start)
    return np.stack(grids), np.array(starts, np.int32)


def _draw(random: np.random.Generator) -> Grid:
    height, wetness, woods, caves = (_noise(random, cells) for cells in (4, 4, 6, 6))
    grid = np.full((SIZE, SIZE), Material.GRASS, np.uint8)
    uniform = random.random((SIZE, SIZE))
    grid[(wetness > 0.75) & (height < 0.5)] = Material.WATER
    grass = grid == Material.GRASS
    grid[grass & (woods > 0.55) & (uniform < 0.6)] = Material.TREE
    mountain = height > 0.55
    grid[mountain] = Material.STONE
    grid[mountain & (caves > 0.72)] = Material.PATH
    rock = grid == Material.STONE
    deep = rock & (height > 0.65)
    grid[rock & (uniform < 0.14)] = Material.COAL
    grid[deep & (uniform > 0.88)] = Material.IRON
    grid[deep & (height > 0.75) & (uniform > 0.96)] = Material.DIAMOND
    return grid


def _noise(random: np.random.Generator, cells: int) -> NDArray[np.float64]:
    """Smooth random values between 0 and 1, with as many bumps along each side."""
    coarse = random.random((cells + 1, cells + 1))
    place = np.linspace(0, cells - 1e-9, SIZE)
    low = place.astype(int)
    part = place - low
    part = part * part * (3 - 2 * part)
    rows = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    smooth = rows[:, low] * (1 - part) + rows[:, low + 1] * part
    spread = np.ptp(smooth)
    found: NDArray[np.float64] = (smooth - smooth.min()) / spread
    return found


def _start(grid: Grid) -> tuple[int, int] | None:
    """The grass that is nearest to the middle."""
    cells = np.argwhere(grid == Material.GRASS)
    if not len(cells):
        return None
    distance = np.abs(cells - (SIZE - 1) / 2).sum(axis=1)
    row, column = cells[int(distance.argmin())]
    return int(row), int(column)


def _suffices(grid: Grid, start: tuple[int, int]) -> bool:
    """Whether there is room around the start, and enough of everything can be come at.

    At first one only walks, later one digs: rock then counts as ground.
    """
    meadow = _reached(start, np.isin(grid, _WALKABLE))
    anywhere = _reached(start, ~np.isin(grid, _BARRIERS))
    return all(
        int(((cells | _next_to(cells)) & (grid == kind)).sum()) >= least
        for cells, enough in ((meadow, _AT_FIRST), (anywhere, _ENOUGH))
        for kind, least in enough.items()
    )


def _reached(start: tuple[int, int], ground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All ground that can be come to from a cell."""
    reached = np.zeros_like(ground)
    reached[start] = True
    while True:
        wider = (_next_to(reached) & ground) | reached
        if (wider == reached).all():
            return reached
        reached = wider


def _next_to(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(cells, 1)
    found: NDArray[np.bool_] = (
        padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    )
    return found
