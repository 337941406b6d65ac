"""What there is to do: materials, achievements and what each takes.

The technology tree of Crafter (Hafner 2021, arXiv:2109.06780) without survival, as OMNI (Zhang et
al. 2023, arXiv:2306.01711) has it: six things to collect, six to make, three to place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "ACHIEVEMENTS",
    "Achievement",
    "Action",
    "Item",
    "Material",
    "prerequisites",
]


class Material(IntEnum):
    """What a cell of the map is made of."""

    GRASS = 0
    PATH = 1
    WATER = 2
    TREE = 3
    STONE = 4
    COAL = 5
    IRON = 6
    DIAMOND = 7
    TABLE = 8
    FURNACE = 9
    PLANT = 10
    OUTSIDE = 11


class Item(IntEnum):
    """What an agent can have."""

    WOOD = 0
    SAPLING = 1
    STONE = 2
    COAL = 3
    IRON = 4
    DIAMOND = 5
    WOOD_PICKAXE = 6
    STONE_PICKAXE = 7
    IRON_PICKAXE = 8
    WOOD_SWORD = 9
    STONE_SWORD = 10
    IRON_SWORD = 11


class Action(IntEnum):
    """What an agent can do; moving also turns."""

    WAIT = 0
    LEFT = 1
    RIGHT = 2
    UP = 3
    DOWN = 4
    COLLECT = 5
    PLACE_PLANT = 6
    PLACE_TABLE = 7
    PLACE_FURNACE = 8
    MAKE_WOOD_PICKAXE = 9
    MAKE_STONE_PICKAXE = 10
    MAKE_IRON_PICKAXE = 11
    MAKE_WOOD_SWORD = 12
    MAKE_STONE_SWORD = 13
    MAKE_IRON_SWORD = 14


@dataclass(frozen=True)
class Achievement:
    """One thing that can be done, as often as one likes.

    Args:
        name: For example ``make stone pickaxe``.
        action: What does it.
        item: What one then has, None where something is placed.
        source: Material that it is collected from, faced.
        becomes: What that cell is afterwards; for placing, what the faced cell becomes.
        chance: Of succeeding.
        uses: What it takes away.
        needs: What one must have and keeps.
        near: Materials that must be within reach.
    """

    name: str
    action: Action
    item: Item | None = None
    source: Material | None = None
    becomes: Material | None = None
    chance: float = 1.0
    uses: tuple[tuple[Item, int], ...] = ()
    needs: tuple[Item, ...] = ()
    near: tuple[Material, ...] = ()


def _collect(
    item: Item,
    source: Material,
    becomes: Material,
    needs: tuple[Item, ...] = (),
    chance: float = 1.0,
) -> Achievement:
    return Achievement(
        f"collect {item.name.lower()}", Action.COLLECT, item, source, becomes, chance, needs=needs
    )


def _make(item: Item, action: Action, *uses: Item, near: tuple[Material, ...]) -> Achievement:
    name = item.name.lower().replace("_", " ")
    counted = tuple((one, 1) for one in uses)
    return Achievement(f"make {name}", action, item, uses=counted, near=near)


def _place(
    material: Material, action: Action, uses: Item, near: tuple[Material, ...] = ()
) -> Achievement:
    return Achievement(
        f"place {material.name.lower()}", action, becomes=material, uses=((uses, 1),), near=near
    )


_TABLE, _BOTH = (Material.TABLE,), (Material.TABLE, Material.FURNACE)

ACHIEVEMENTS: tuple[Achievement, ...] = (
    _collect(Item.WOOD, Material.TREE, Material.TREE),
    _collect(Item.SAPLING, Material.GRASS, Material.GRASS, chance=0.1),
    _collect(Item.STONE, Material.STONE, Material.PATH, (Item.WOOD_PICKAXE,)),
    _collect(Item.COAL, Material.COAL, Material.PATH, (Item.WOOD_PICKAXE,)),
    _collect(Item.IRON, Material.IRON, Material.PATH, (Item.STONE_PICKAXE,)),
    _collect(Item.DIAMOND, Material.DIAMOND, Material.PATH, (Item.IRON_PICKAXE,)),
    _make(Item.WOOD_PICKAXE, Action.MAKE_WOOD_PICKAXE, Item.WOOD, near=_TABLE),
    _make(Item.STONE_PICKAXE, Action.MAKE_STONE_PICKAXE, Item.WOOD, Item.STONE, near=_TABLE),
    _make(Item.IRON_PICKAXE, Action.MAKE_IRON_PICKAXE, Item.WOOD, Item.COAL, Item.IRON, near=_BOTH),
    _make(Item.WOOD_SWORD, Action.MAKE_WOOD_SWORD, Item.WOOD, near=_TABLE),
    _make(Item.STONE_SWORD, Action.MAKE_STONE_SWORD, Item.WOOD, Item.STONE, near=_TABLE),
    _make(Item.IRON_SWORD, Action.MAKE_IRON_SWORD, Item.WOOD, Item.COAL, Item.IRON, near=_BOTH),
    _place(Material.PLANT, Action.PLACE_PLANT, Item.SAPLING),
    _place(Material.TABLE, Action.PLACE_TABLE, Item.WOOD),
    _place(Material.FURNACE, Action.PLACE_FURNACE, Item.STONE, near=_TABLE),
)
"""Every achievement; a task counts how often each was done."""


def prerequisites(achievement: Achievement) -> frozenset[str]:
    """Names of the achievements without which this one cannot be done."""
    wanted = {item for item, _ in achievement.uses} | set(achievement.needs)
    return frozenset(
        one.name for one in ACHIEVEMENTS if one.item in wanted or one.becomes in achievement.near
    )
