"""Craftax-Classic, the real one, behind the interface of the template's world."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from craftax.craftax_classic.constants import Action, BlockType

from templates.omni.network import Agent
from templates.omni.rollout import collect, fresh_runner, success_rates
from templates.omni.settings import Profile
from templates.omni.worlds.craftax_classic import (
    ACHIEVEMENTS,
    ClassicParams,
    ClassicTasks,
    CraftaxClassic,
    classic_tasks,
    make_classic_params,
)

pytestmark = pytest.mark.gate

LIMIT = 60
# A few steps of a large program: what costs is compiling it.
OPTIONS = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
DO, LEFT = Action.DO.value, Action.LEFT.value


@pytest.fixture(scope="module")
def tasks() -> ClassicTasks:
    return classic_tasks(times=3, impossible=10)


@pytest.fixture(scope="module")
def params(tasks: ClassicTasks) -> ClassicParams:
    return make_classic_params(tasks, maps=4, limit=LIMIT)


@pytest.fixture(scope="module")
def world(tasks: ClassicTasks) -> CraftaxClassic:
    return CraftaxClassic(len(tasks.vocabulary))


@pytest.fixture(scope="module")
def step(world: CraftaxClassic) -> Any:
    return jax.jit(world.step_env, compiler_options=OPTIONS)


def facing(state: Any, block: BlockType) -> Any:
    """The same, but that one looks left at a block."""
    row, column = state.inner.player_position
    grid = state.inner.map.at[row, column - 1].set(block.value)
    return state.replace(inner=state.inner.replace(map=grid, player_direction=jnp.int32(LEFT)))


def begun(world: CraftaxClassic, params: ClassicParams, task: int, block: BlockType) -> Any:
    return facing(world.begin(jnp.int32(0), jnp.int32(task), params), block)


def test_every_achievement_is_a_task(tasks: ClassicTasks) -> None:
    assert len(ACHIEVEMENTS) == 22
    kinds = Counter(task.kind for task in tasks.tasks)
    assert kinds["interesting"] == 22
    assert kinds["impossible"] == 10
    assert tasks.need.shape == (len(tasks.tasks), 22)
    three = tasks.need[tasks.index("collect three wood")]
    assert three[ACHIEVEMENTS.index("collect wood")] == three.sum() == 3
    assert "make two wood pickaxe" not in {task.name for task in tasks.tasks}
    assert tasks.possible.sum() == len(tasks.tasks) - 10


def test_achievements_are_counted_and_end_the_episode(
    world: CraftaxClassic, params: ClassicParams, tasks: ClassicTasks, step: Any
) -> None:
    place = tasks.index("collect two wood")
    state = begun(world, params, place, BlockType.TREE)
    wood = ACHIEVEMENTS.index("collect wood")
    for turn in (1, 2):
        state = facing(state, BlockType.TREE)
        seen, state, reward, over, info = step(jax.random.key(turn), state, DO, params)
        assert np.flatnonzero(info["achieved"]).tolist() == [wood]
        assert int(state.inner.inventory.wood) == turn
        assert float(reward) == float(over) == float(info["success"]) == turn - 1
    assert int(state.counts[wood]) == 2
    assert not bool(info["lost"])
    space = world.observation_space(params)
    assert seen.shape == space.shape
    assert np.array_equal(seen[-len(tasks.vocabulary) :], tasks.words[place])
    # Waiting is none of them, though Craftax remembers the first.
    _, state, _, _, info = step(jax.random.key(3), state, Action.NOOP.value, params)
    assert not info["achieved"].any()


def test_a_death_ends_it_without_success(
    world: CraftaxClassic, params: ClassicParams, tasks: ClassicTasks, step: Any
) -> None:
    state = begun(world, params, tasks.index("collect wood"), BlockType.LAVA)
    _, state, reward, over, info = step(jax.random.key(0), state, LEFT, params)
    assert bool(over)
    assert bool(info["lost"])
    assert float(reward) == 0.0
    state = facing(state, BlockType.TREE)
    _, state, reward, _, info = step(jax.random.key(1), state, DO, params)
    assert float(reward) == 0.0
    assert not info["achieved"].any()


def test_an_impossible_task_is_never_done(
    world: CraftaxClassic, params: ClassicParams, tasks: ClassicTasks, step: Any
) -> None:
    state = begun(world, params, len(tasks.tasks) - 1, BlockType.TREE)
    _, state, reward, over, _ = step(jax.random.key(0), state, DO, params)
    assert int(state.counts.sum()) == 1
    assert float(reward) == float(over) == 0.0


@pytest.mark.full("templates")
def test_the_templates_agent_acts_in_it(
    world: CraftaxClassic, params: ClassicParams, tasks: ClassicTasks
) -> None:
    """Rollouts and measurements run in it as they are; new choices compile nothing."""
    profile = Profile(len(tasks.tasks), 0, 4, 2 * LIMIT, 1, LIMIT)
    agent = Agent(int(world.observation_space(params).shape[0]), world.num_actions, 16, 16)
    weights = agent.initial(jax.random.key(0))
    compiled = 0

    @partial(jax.jit, compiler_options=OPTIONS)
    def learn(chances: jax.Array, key: jax.Array) -> Any:
        nonlocal compiled
        compiled += 1
        runner = fresh_runner(world, agent, params, chances, key, profile.environments)
        return collect(world, agent, profile, params, chances, weights, runner, key)

    sapling = tasks.index("collect sapling")
    for place in (sapling, tasks.index("eat plant")):
        chances = jnp.zeros(len(tasks.tasks)).at[place].set(1.0)
        runner, experience, ended = learn(chances, jax.random.key(place))
        assert int(ended.sum()) == int(ended[place]) >= profile.environments
        assert set(np.asarray(runner.state.task)) == {place}
        assert bool(jnp.isfinite(experience.advantage).all())
    assert compiled == 1
    measured = jax.jit(
        lambda key: success_rates(
            world, agent, params, weights, jnp.array([sapling, len(tasks.tasks) - 1]), 4, LIMIT, key
        ),
        compiler_options=OPTIONS,
    )(jax.random.key(4))
    assert float(measured[1]) == 0.0
    assert 0.0 <= float(measured[0]) <= 1.0
