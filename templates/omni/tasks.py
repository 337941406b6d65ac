"""The task space: interesting tasks, repeats, compounds, other words for them, impossible ones.

As OMNI has it (Zhang et al. 2023, arXiv:2306.01711): 15 interesting tasks, 90 numeric repeats of
them and 1,023 impossible ones; here also compounds of two tasks and synonyms. A model reads names
and descriptions; an agent is given the words. A second space of the same size has other words for
the interesting tasks, other compounds and other impossible ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from templates.omni.technology import ACHIEVEMENTS

__all__ = ["NUMBERS", "Task", "TaskSpace", "renamed_tasks", "standard_tasks"]

NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Words for how often, from twice on."""

_SYNONYMS = {"collect": "gather", "make": "craft", "place": "put down"}
_COMPOUNDS = (
    ("collect wood", "collect sapling"),
    ("place table", "make wood pickaxe"),
    ("make wood pickaxe", "make wood sword"),
    ("collect stone", "collect coal"),
    ("make stone pickaxe", "make stone sword"),
    ("place table", "place furnace"),
    ("place plant", "place table"),
    ("collect iron", "collect diamond"),
)
_OTHER_COMPOUNDS = (
    ("collect wood", "place table"),
    ("collect sapling", "place plant"),
    ("make wood pickaxe", "collect stone"),
    ("make wood sword", "make stone sword"),
    ("collect wood", "collect stone"),
    ("place plant", "make wood pickaxe"),
    ("collect coal", "collect iron"),
    ("make iron pickaxe", "make iron sword"),
)
_VERBS = (
    *("tame", "ride", "paint", "cook", "sell", "buy", "sing to", "polish", "enchant", "brew"),
    *("weave", "forge", "repair", "feed", "milk", "shear", "hunt", "fish for", "teleport to"),
    *("fly over", "melt", "freeze"),
)
_THINGS = (
    *("dragon", "horse", "castle", "bread", "golden crown", "glass window", "boat", "wool"),
    *("emerald", "ruby", "obsidian", "copper wire", "clock", "compass", "rocket", "lantern"),
    *("carpet", "potion", "book", "bell", "cow", "wolf", "unicorn", "phoenix", "island"),
    *("volcano", "iceberg", "rainbow", "cloud", "moon", "star", "ghost", "robot", "violin"),
    *("piano", "drum", "kite", "bicycle", "bridge", "tower", "temple", "statue", "fountain"),
    *("harbour", "market", "library", "theatre"),
)
IMPOSSIBLE = 1023


@dataclass(frozen=True)
class Task:
    """Something to do within one episode.

    Args:
        name: Unique; what a model is shown and an agent's words are taken from.
        need: How often each achievement must be done, in the order of `ACHIEVEMENTS`; None for a
            task that the world knows nothing of.
        kind: ``interesting``, ``repeat``, ``compound``, ``synonym`` or ``impossible``.
        base: Name of the interesting task that it repeats or renames; otherwise its own.
    """

    name: str
    need: tuple[int, ...] | None
    kind: str
    base: str

    @property
    def description(self) -> str:
        """One sentence for a model."""
        return f"{self.name[0].upper()}{self.name[1:]} within one episode."

    @property
    def words(self) -> tuple[str, ...]:
        """Lower-case words of the name, in order."""
        return tuple(re.findall(r"[a-z]+", self.name))


@dataclass(frozen=True)
class TaskSpace:
    """Tasks with what a jitted world needs of them.

    Args:
        tasks: With unique names.

    Raises:
        ValueError: Two tasks have the same name.
    """

    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        if len({task.name for task in self.tasks}) != len(self.tasks):
            raise ValueError("two tasks have the same name")

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word, sorted."""
        return tuple(sorted({word for task in self.tasks for word in task.words}))

    @cached_property
    def words(self) -> NDArray[np.float32]:
        """How often each word occurs in each name: ``[tasks, words]``."""
        place = {word: index for index, word in enumerate(self.vocabulary)}
        found = np.zeros((len(self.tasks), len(place)), np.float32)
        for row, task in enumerate(self.tasks):
            for word in task.words:
                found[row, place[word]] += 1.0
        return found

    @cached_property
    def need(self) -> NDArray[np.int32]:
        """How often each achievement must be done: ``[tasks, achievements]``, or zeros."""
        empty = (0,) * len(ACHIEVEMENTS)
        return np.array([task.need or empty for task in self.tasks], np.int32)

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Which tasks the world can reward: ``[tasks]``."""
        return np.array([task.need is not None for task in self.tasks])

    def index(self, name: str) -> int:
        """Place of a task.

        Raises:
            KeyError: There is none of that name.
        """
        return self._places[name]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {task.name: place for place, task in enumerate(self.tasks)}


def standard_tasks(impossible: int = IMPOSSIBLE) -> TaskSpace:
    """The interesting tasks, their repeats, compounds and synonyms, and so many impossible ones.

    Things are collected up to ten times, made and placed up to five times.

    Args:
        impossible: At most 1,034, the pairs of a verb and a thing.
    """
    plain = [_once(place) for place in range(len(ACHIEVEMENTS))]
    names = {task.name: task.name for task in plain}
    return _space(plain, names, _COMPOUNDS, _impossible(impossible, from_end=False))


def renamed_tasks(impossible: int = IMPOSSIBLE) -> TaskSpace:
    """As large a space in other words: ``gather wood`` is a task, ``collect wood`` its synonym.

    In the order of `standard_tasks`; impossible tasks are others as far as there are enough.

    Args:
        impossible: At most 1,034.
    """
    plain = [_once(place) for place in range(len(ACHIEVEMENTS))]
    names = {task.name: _renamed(task.name) for task in plain}
    return _space(plain, names, _OTHER_COMPOUNDS, _impossible(impossible, from_end=True))


def _space(
    plain: Sequence[Task],
    names: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    unknown: Sequence[Task],
) -> TaskSpace:
    interesting = [Task(names[one.name], one.need, one.kind, names[one.name]) for one in plain]
    by_name = {one.name: task for one, task in zip(plain, interesting, strict=True)}
    repeats = [
        Task(_repeated(task.name, times), _times(task.need, times), "repeat", task.name)
        for one, task in zip(plain, interesting, strict=True)
        for times in range(2, 11 if one.name.startswith("collect") else 6)
    ]
    compounds = []
    for pair in pairs:
        one, other = (by_name[name] for name in pair)
        name = f"{one.name} and {other.name}"
        need = tuple(map(sum, zip(one.need or (), other.need or (), strict=True)))
        compounds.append(Task(name, need, "compound", name))
    synonyms = []
    for one, task in zip(plain, interesting, strict=True):
        other_name = _renamed(one.name) if task.name == one.name else one.name
        synonyms.append(Task(other_name, one.need, "synonym", task.name))
    return TaskSpace((*interesting, *repeats, *compounds, *synonyms, *unknown))


def _impossible(count: int, *, from_end: bool) -> list[Task]:
    pairs = list(product(_VERBS, _THINGS))
    if count > len(pairs):
        raise ValueError(f"there are names for {len(pairs)} impossible tasks, not {count}")
    mixed = np.random.default_rng(1023).permutation(len(pairs))
    found = []
    for place in sorted((mixed[::-1] if from_end else mixed)[:count]):
        name = " ".join(pairs[place])
        found.append(Task(name, None, "impossible", name))
    return found


def _once(place: int) -> Task:
    need = tuple(int(other == place) for other in range(len(ACHIEVEMENTS)))
    return Task(ACHIEVEMENTS[place].name, need, "interesting", ACHIEVEMENTS[place].name)


def _repeated(name: str, times: int) -> str:
    verb, rest = _parted(name)
    return f"{verb} {NUMBERS[times - 2]} {rest}"


def _parted(name: str) -> tuple[str, str]:
    """The verb, of one or two words, and the rest."""
    verb = next((one for one in _SYNONYMS.values() if name.startswith(f"{one} ")), None)
    verb = verb or name.split(" ")[0]
    return verb, name[len(verb) + 1 :]


def _renamed(name: str) -> str:
    verb, _, rest = name.partition(" ")
    return f"{_SYNONYMS[verb]} {rest}"


def _times(need: Sequence[int] | None, times: int) -> tuple[int, ...]:
    return tuple(times * one for one in need or ())
