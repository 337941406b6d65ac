"""Looking at the world: as text, as a picture, an episode as a GIF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from templates.omni.technology import Item, Material

__all__ = ["ascii_map", "picture", "save_gif"]

_LETTERS = {
    Material.GRASS: ".",
    Material.PATH: "_",
    Material.WATER: "~",
    Material.TREE: "T",
    Material.STONE: "#",
    Material.COAL: "c",
    Material.IRON: "i",
    Material.DIAMOND: "d",
    Material.TABLE: "t",
    Material.FURNACE: "f",
    Material.PLANT: "p",
    Material.OUTSIDE: " ",
}
_ARROWS = {(0, -1): "<", (0, 1): ">", (-1, 0): "^", (1, 0): "v"}
_COLORS = {
    Material.GRASS: (106, 153, 78),
    Material.PATH: (196, 178, 148),
    Material.WATER: (66, 135, 200),
    Material.TREE: (34, 87, 46),
    Material.STONE: (128, 128, 128),
    Material.COAL: (45, 45, 45),
    Material.IRON: (214, 140, 86),
    Material.DIAMOND: (178, 235, 242),
    Material.TABLE: (131, 84, 47),
    Material.FURNACE: (178, 60, 50),
    Material.PLANT: (170, 220, 90),
    Material.OUTSIDE: (0, 0, 0),
}
_CELL = 16
_LINE = 14
_CHARACTERS = 52


def ascii_map(state: Any) -> str:
    """The map with the agent as an arrow, then what it has.

    Args:
        state: A `templates.omni.world.WorldState`, of one episode.
    """
    rows = [[_LETTERS[Material(int(cell))] for cell in row] for row in np.asarray(state.grid)]
    row, column = (int(x) for x in state.position)
    rows[row][column] = _ARROWS[_direction(state)]
    return "\n".join("".join(row) for row in rows) + "\n" + _inventory(state) + "\n"


def picture(state: Any, caption: str = "") -> Image.Image:
    """The same in colours, with a caption underneath.

    Args:
        state: A `templates.omni.world.WorldState`, of one episode.
        caption: For example the task; broken into as many lines as it takes.
    """
    grid = np.asarray(state.grid)
    colors = np.array([_COLORS[kind] for kind in Material], np.uint8)
    cells: NDArray[np.uint8] = colors[grid].repeat(_CELL, axis=0).repeat(_CELL, axis=1)
    height, width = cells.shape[:2]
    told = wrap(caption, _CHARACTERS) or [""]
    image = Image.new("RGB", (width, height + (len(told) + 2) * _LINE), "white")
    image.paste(Image.fromarray(cells), (0, 0))
    draw = ImageDraw.Draw(image)
    row, column = (int(x) for x in state.position)
    down, across = _direction(state)
    middle = np.array([(column + 0.5) * _CELL, (row + 0.5) * _CELL])
    ahead, aside = np.array([across, down]), np.array([down, across])
    corners = [middle + 6 * ahead, middle - 5 * ahead + 5 * aside, middle - 5 * ahead - 5 * aside]
    draw.polygon([(float(x), float(y)) for x, y in corners], fill="white", outline="black")
    lines = [*told, *wrap(_inventory(state), _CHARACTERS)[:2]]
    for place, line in enumerate(lines):
        draw.text((2, height + place * _LINE), line, fill="black")
    return image


def save_gif(states: Sequence[Any], path: Path, caption: str = "", each_ms: int = 80) -> None:
    """An episode as an animation; the last picture stays for a second.

    Args:
        states: One after the other, at least one.
        path: The file.
        caption: Under each picture.
        each_ms: How long a picture stays.

    Raises:
        ValueError: There is no state.
    """
    if not states:
        raise ValueError("an animation needs at least one state")
    frames = [picture(state, caption) for state in states]
    durations = [each_ms] * (len(frames) - 1) + [1000]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True
    )


def _direction(state: Any) -> tuple[int, int]:
    down, across = (int(x) for x in state.facing)
    return down, across


def _inventory(state: Any) -> str:
    counts = np.asarray(state.inventory)
    had = [f"{Item(i).name.lower().replace('_', ' ')} {n}" for i, n in enumerate(counts) if n]
    return ", ".join(had) or "nothing"
