"""A task space with proposed tasks in it, of the same size and with a fixed vocabulary.

Proposed tasks stand where impossible ones stood, so that programs that were compiled for the space
serve the new one too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.omni.maps import map_pool
from templates.omni.predicates.compiled import PredicateParams, table_of
from templates.omni.predicates.normal import WORDS, Predicate, predicate_of
from templates.omni.tasks import Task, TaskSpace

__all__ = ["PredicateSpace", "ProposedTask", "bag_of", "make_predicate_params", "with_proposed"]


@dataclass(frozen=True)
class ProposedTask(Task):
    """A task out of the predicate language.

    Args:
        predicate: What it asks for; its name is the task's.
    """

    predicate: Predicate | None = None


@dataclass(frozen=True)
class PredicateSpace(TaskSpace):
    """Tasks of the world and proposed ones; see `TaskSpace`.

    Args:
        spoken: Words of the space that the proposed tasks were put into.
    """

    spoken: tuple[str, ...] = ()

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """The words of the space and of the language, sorted, whatever is proposed."""
        return tuple(sorted({*self.spoken, *WORDS}))

    @cached_property
    def words(self) -> NDArray[np.float32]:
        """Bags of words, ``[tasks, words]``; of a sequence, weighted: see `Predicate.bag`."""
        place = {word: index for index, word in enumerate(self.vocabulary)}
        found = np.zeros((len(self.tasks), len(place)), np.float32)
        for row, task in enumerate(self.tasks):
            for word, weight in bag_of(task).items():
                found[row, place[word]] = weight
        return found

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Which tasks the world can reward: ``[tasks]``."""
        return np.array([predicate is not None for predicate in self.predicates])

    @cached_property
    def predicates(self) -> tuple[Predicate | None, ...]:
        """What each task asks for, in normal form; None where it cannot be done."""
        return tuple(map(_predicate, self.tasks))


def with_proposed(space: TaskSpace, proposed: Sequence[Predicate]) -> PredicateSpace:
    """Put proposed tasks in the places of the last impossible ones.

    Args:
        space: Without or with tasks proposed before, which stay.
        proposed: New ones.

    Raises:
        ValueError: There are not as many impossible tasks, or a name is there already.
    """
    tasks = list(space.tasks)
    free = [place for place, predicate in enumerate(map(_predicate, tasks)) if predicate is None]
    if len(proposed) > len(free):
        raise ValueError(f"{len(proposed)} tasks do not fit in the places of {len(free)}")
    for predicate, place in zip(proposed, reversed(free), strict=False):
        name = predicate.name
        tasks[place] = ProposedTask(name, None, "proposed", name, predicate)
    spoken = space.spoken if isinstance(space, PredicateSpace) else space.vocabulary
    return PredicateSpace(tuple(tasks), spoken)


def bag_of(task: Task) -> dict[str, float]:
    """The words that an agent is told, with their weights."""
    if isinstance(task, ProposedTask) and task.predicate is not None:
        return task.predicate.bag
    return {word: float(count) for word, count in Counter(task.words).items()}


def make_predicate_params(
    space: PredicateSpace, *, maps: int = 64, seed: int = 0, limit: int = 300
) -> PredicateParams:
    """Parameters of a `PredicateWorld`; see `templates.omni.world.make_params`."""
    grids, starts = map_pool(maps, seed)
    return PredicateParams(
        max_steps_in_episode=limit,
        grids=jnp.asarray(grids),
        starts=jnp.asarray(starts),
        need=jnp.asarray(space.need),
        possible=jnp.asarray(space.possible),
        words=jnp.asarray(space.words),
        weights=jnp.ones(len(space.tasks)),
        table=table_of(space.predicates),
    )


def _predicate(task: Task) -> Predicate | None:
    if isinstance(task, ProposedTask):
        return task.predicate
    return None if task.need is None else predicate_of(task.need)
