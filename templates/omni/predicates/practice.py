"""Proposed tasks as a learner takes them: of a fixed size, with what chance does measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.omni.features import facts_of
from templates.omni.network import Agent, Weights
from templates.omni.predicates.compiled import PredicateParams, PredicateWorld, table_of
from templates.omni.predicates.normal import Predicate
from templates.omni.predicates.space import PredicateSpace, with_proposed
from templates.omni.rollout import success_rates
from templates.omni.settings import Profile, Setup
from templates.omni.technology import Action
from templates.omni.training import Space, Trainer, make_space
from templates.omni.world import WorldParams

__all__ = ["SLOTS", "PredicateTrainer", "measured_chance", "practice_space", "slots_of"]

SLOTS = 32
"""Places for proposed tasks; while one is free its task is impossible."""

_SEED = 306


class PredicateTrainer(Trainer):
    """A trainer whose world reads tasks from a table; see `Trainer`.

    Args:
        profile: Sizes.
        words: Length of a bag of words, that of a `PredicateSpace`.
    """

    def __init__(self, profile: Profile, words: int) -> None:
        super().__init__(profile, words)
        self._world = PredicateWorld(words)


def practice_space(
    setup: Setup, proposed: Sequence[Predicate], *, slots: int = SLOTS, episodes: int = 64
) -> tuple[PredicateSpace, Space]:
    """A space to train on, with proposed tasks in some of its slots.

    Its arrays have the same shapes whatever is proposed, so that nothing is compiled anew. Free
    slots are measured like possible tasks, and never succeed.

    Args:
        setup: Tasks, maps and sizes.
        proposed: At most ``slots``, in a fixed order: a later list begins with the earlier one.
        slots: Places for proposed tasks.
        episodes: Of each slot, to measure what a policy does that acts at random.

    Returns:
        The tasks, and what the programs of a trainer take.

    Raises:
        ValueError: More are proposed than there are slots, or slots than impossible tasks.
    """
    plain = make_space(setup)
    free = slots_of(setup, slots)
    if len(proposed) > slots or len(free) < slots:
        raise ValueError(f"{len(proposed)} tasks do not fit in {len(free)} of {slots} slots")
    space = with_proposed(setup.tasks, proposed)
    params = _with_table(plain.params, space)
    chance = np.asarray(plain.chance).copy()
    chance[free] = measured_chance(space, params, free, setup.profile.limit, episodes)
    found = Space(
        params=params,
        unseen=_with_table(plain.unseen, space),
        possible=jnp.asarray(np.sort(np.concatenate([np.asarray(plain.possible), free]))),
        bank=plain.bank,
        chance=jnp.asarray(chance),
        facts=facts_of(tuple(task.name for task in space.tasks)),
    )
    return space, found


def slots_of(setup: Setup, slots: int = SLOTS) -> NDArray[np.int64]:
    """Places for proposed tasks, in the order in which they are filled: ``[slots]``."""
    return np.flatnonzero(~setup.tasks.possible)[::-1][:slots]


def measured_chance(
    space: PredicateSpace,
    params: PredicateParams,
    places: NDArray[np.int64],
    limit: int,
    episodes: int = 64,
) -> NDArray[np.float32]:
    """Success of a policy that acts at random, with an agent of zero weights.

    Args:
        space: The tasks.
        params: Maps and tasks.
        places: Of the tasks.
        limit: Steps.
        episodes: Of each task.

    Returns:
        ``[places]``.
    """
    found = _random_success(
        len(space.vocabulary), params, jnp.asarray(places), jax.random.key(_SEED), episodes, limit
    )
    return np.asarray(found, np.float32)


@partial(jax.jit, static_argnums=(0, 4, 5))
def _random_success(
    words: int,
    params: PredicateParams,
    places: jax.Array,
    key: jax.Array,
    episodes: int,
    limit: int,
) -> jax.Array:
    world = PredicateWorld(words)
    agent = Agent(int(world.observation_space(params).shape[0]), len(Action), 1, 1)
    shapes = jax.eval_shape(agent.initial, key)
    nothing = Weights(*(jnp.zeros(one.shape, one.dtype) for one in shapes))
    return success_rates(world, agent, params, nothing, places, episodes, limit, key)


def _with_table(plain: WorldParams, space: PredicateSpace) -> PredicateParams:
    return PredicateParams(
        max_steps_in_episode=plain.max_steps_in_episode,
        grids=plain.grids,
        starts=plain.starts,
        need=plain.need,
        possible=jnp.asarray(space.possible),
        words=jnp.asarray(space.words),
        weights=plain.weights,
        table=table_of(space.predicates),
    )
