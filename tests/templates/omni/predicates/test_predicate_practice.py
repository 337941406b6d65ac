"""Proposed tasks in a space of fixed size that the template's learner takes as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.omni.network import Agent
from templates.omni.predicates.compiled import PredicateWorld
from templates.omni.predicates.normal import Predicate, normal_form
from templates.omni.predicates.parsing import parse_goal
from templates.omni.predicates.practice import practice_space
from templates.omni.rollout import collect, fresh_runner
from templates.omni.settings import TASKS

pytestmark = pytest.mark.gate

SMALL = replace(TASKS["standard"].profile, environments=8, steps=48, limit=128)
SETUP = replace(TASKS["standard"], profile=SMALL)


def form(goal: Any) -> Predicate:
    return normal_form(parse_goal(goal))


def test_proposed_tasks_are_practised_and_compile_nothing() -> None:
    easy = form({"all": [{"has": "wood", "at_most": 9}, {"near": "grass", "within": 3}]})
    hard = form({"then": [{"did": "make iron sword"}, {"has": "diamond", "at_least": 5}]})
    before, empty = practice_space(SETUP, [], slots=3, episodes=4)
    space, filled = practice_space(SETUP, [easy, hard], slots=3, episodes=4)
    assert len(space.tasks) == len(SETUP.tasks.tasks) == len(before.tasks)
    assert jax.tree.map(jnp.shape, empty) == jax.tree.map(jnp.shape, filled)
    assert len(filled.possible) == SETUP.tasks.possible.sum() + 3
    first, second = space.index(easy.name), space.index(hard.name)
    assert {first, second} <= set(np.asarray(filled.possible).tolist())
    assert float(filled.chance[first]) == 1.0
    assert float(filled.chance[second]) == 0.0
    others = np.setdiff1d(np.arange(len(space.tasks)), [first, second])
    assert np.array_equal(filled.chance[others], np.asarray(empty.chance)[others])
    # What was proposed first keeps its place when more is.
    more, _ = practice_space(SETUP, [easy], slots=3, episodes=4)
    assert more.index(easy.name) == first

    world = PredicateWorld(len(space.vocabulary))
    agent = Agent(int(world.observation_space(filled.params).shape[0]), world.num_actions, 16, 16)
    weights = agent.initial(jax.random.key(0))
    compiled = 0

    @jax.jit
    def learn(params: Any, chances: jax.Array, key: jax.Array) -> Any:
        nonlocal compiled
        compiled += 1
        runner = fresh_runner(world, agent, params, chances, key, SMALL.environments)
        return collect(world, agent, SMALL, params, chances, weights, runner, key)

    chances = jnp.zeros(len(space.tasks)).at[first].set(1.0)
    for params, ended in ((empty.params, 0), (filled.params, SMALL.environments * SMALL.steps)):
        _, experience, counted = learn(params, chances, jax.random.key(1))
        assert int(counted[first]) == ended
        assert bool(jnp.isfinite(experience.advantage).all())
    assert compiled == 1


def test_there_is_no_room_for_more_than_the_slots() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        practice_space(SETUP, [form({"has": "wood"}), form({"has": "coal"})], slots=1)
    with pytest.raises(ValueError, match="do not fit"):
        practice_space(SETUP, [], slots=1000)
