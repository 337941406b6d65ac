"""Acting: experience for learning, and episodes that only measure.

A new episode starts on a map out of the pool, with a task as likely as the curriculum has it. All
of that is drawn before the first step: many small draws inside a loop cost more than the world.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from templates.omni.network import Agent, Weights
from templates.omni.settings import Profile
from templates.omni.world import World, WorldParams, WorldState

__all__ = ["Experience", "Runner", "collect", "fresh_runner", "success_rates"]


class Runner(NamedTuple):
    """Environments between two rollouts.

    Attributes:
        state: Arrays lead with ``[environments]``.
        observation: ``[environments, size]``.
        hidden: What the agent remembers, zero where an episode begins, ``[environments, memory]``.
    """

    state: WorldState
    observation: jax.Array
    hidden: jax.Array


class Experience(NamedTuple):
    """A rollout: ``[steps, environments, ...]``, but for ``hidden``.

    Attributes:
        observation: ``[steps, environments, size]``.
        action: Integers.
        log_probability: Of the action, when it was taken.
        advantage: As estimated.
        target: Of the critic.
        begins: Whether an episode begins with this step.
        hidden: Remembered before the first step, ``[environments, memory]``.
    """

    observation: jax.Array
    action: jax.Array
    log_probability: jax.Array
    advantage: jax.Array
    target: jax.Array
    begins: jax.Array
    hidden: jax.Array


def fresh_runner(
    world: World,
    agent: Agent,
    params: WorldParams,
    probabilities: jax.Array,
    key: jax.Array,
    environments: int,
) -> Runner:
    """Environments at the start of an episode each."""
    maps, tasks = _episodes(key, params, probabilities, (environments,))
    state = jax.vmap(world.begin, (0, 0, None))(maps, tasks, params)
    observation = jax.vmap(world.get_obs, (0, None))(state, params)
    return Runner(state, observation, agent.fresh(environments))


def collect(
    world: World,
    agent: Agent,
    profile: Profile,
    params: WorldParams,
    probabilities: jax.Array,
    weights: Weights,
    runner: Runner,
    key: jax.Array,
) -> tuple[Runner, Experience, jax.Array]:
    """One rollout with the present policy.

    Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438, eq. 16). A task that
    runs out of time has failed: nothing is bootstrapped from beyond the end.

    Args:
        world: The world.
        agent: Shapes.
        profile: Sizes.
        params: Maps and tasks.
        probabilities: Of each task, ``[tasks]``.
        weights: Of the agent.
        runner: Where the environments are.
        key: Of this rollout.

    Returns:
        Where the environments are now, the rollout, and how many episodes of each task ended,
        ``[tasks]``.
    """
    shape = (profile.steps, profile.environments)
    choice_key, step_key, episode_key = jax.random.split(key, 3)
    noise = jax.random.gumbel(choice_key, (*shape, world.num_actions))
    step_keys = jax.random.split(step_key, shape)
    maps, tasks = _episodes(episode_key, params, probabilities, shape)

    def one(runner: Runner, drawn: Any) -> tuple[Runner, tuple[jax.Array, ...]]:
        noise, keys, place, task = drawn
        hidden, log_policy, value = agent.step(weights, runner.hidden, runner.observation)
        action = jnp.argmax(log_policy + noise, axis=-1)
        chosen = jnp.take_along_axis(log_policy, action[:, None], axis=1)[:, 0]
        _, state, reward, succeeded, _ = jax.vmap(world.step_env, (0, 0, 0, None))(
            keys, runner.state, action, params
        )
        over = succeeded | (state.time >= params.max_steps_in_episode)
        fresh = jax.vmap(world.begin, (0, 0, None))(place, task, params)
        following = jax.tree.map(
            lambda new, old: jnp.where(over.reshape(-1, *(1,) * (old.ndim - 1)), new, old),
            fresh,
            state,
        )
        observation = jax.vmap(world.get_obs, (0, None))(following, params)
        hidden = jnp.where(over[:, None], 0.0, hidden)
        taken = (runner.observation, action, chosen, value, reward, over, state.task)
        return Runner(following, observation, hidden), taken

    after, taken = lax.scan(one, runner, (noise, step_keys, maps, tasks))
    observation, action, chosen, value, reward, over, task = taken
    _, _, last = agent.step(weights, after.hidden, after.observation)
    advantage = _advantages(profile, reward, over, value, last)
    ended = jnp.zeros(probabilities.shape[0]).at[task.ravel()].add(over.ravel())
    first = runner.state.time == 0
    experience = Experience(
        observation=observation,
        action=action,
        log_probability=chosen,
        advantage=advantage,
        target=advantage + value,
        begins=jnp.concatenate([first[None], over[:-1]]),
        hidden=runner.hidden,
    )
    return after, experience, ended


def success_rates(
    world: World,
    agent: Agent,
    params: WorldParams,
    weights: Weights,
    tasks: jax.Array,
    episodes: int,
    limit: int,
    key: jax.Array,
) -> jax.Array:
    """Share of episodes in which the policy does each of some tasks within the limit.

    Args:
        world: The world.
        agent: Shapes.
        params: Maps and tasks.
        weights: Of the agent.
        tasks: Places of the tasks, ``[chosen]``.
        episodes: Of each task.
        limit: Steps.
        key: Of these episodes.

    Returns:
        ``[chosen]``.
    """
    count = tasks.shape[0] * episodes
    place_key, step_key = jax.random.split(key)
    places = jax.random.randint(place_key, (count,), 0, params.grids.shape[0])
    state = jax.vmap(world.begin, (0, 0, None))(places, jnp.repeat(tasks, episodes), params)

    def one(
        carry: tuple[WorldState, jax.Array, jax.Array], key: jax.Array
    ) -> tuple[tuple[WorldState, jax.Array, jax.Array], None]:
        state, hidden, done = carry
        choice_key, chance_key = jax.random.split(key)
        observation = jax.vmap(world.get_obs, (0, None))(state, params)
        hidden, log_policy, _ = agent.step(weights, hidden, observation)
        noise = jax.random.gumbel(choice_key, log_policy.shape)
        action = jnp.argmax(log_policy + noise, axis=-1)
        keys = jax.random.split(chance_key, count)
        # Not that it ended: in other worlds an episode may end without success.
        _, state, reward, _, _ = jax.vmap(world.step_env, (0, 0, 0, None))(
            keys, state, action, params
        )
        return (state, hidden, done | (reward > 0.0)), None

    begun = (state, agent.fresh(count), jnp.zeros(count, bool))
    (_, _, done), _ = lax.scan(one, begun, jax.random.split(step_key, limit))
    return done.reshape(tasks.shape[0], episodes).mean(axis=1)


def _episodes(
    key: jax.Array, params: WorldParams, probabilities: jax.Array, shape: tuple[int, ...]
) -> tuple[jax.Array, jax.Array]:
    """Maps, and tasks by inverting their distribution function."""
    map_key, task_key = jax.random.split(key)
    maps = jax.random.randint(map_key, shape, 0, params.grids.shape[0])
    below = jnp.cumsum(probabilities)
    # Less than one, so that a task at the end without probability is never hit by rounding.
    drawn = jax.random.uniform(task_key, shape) * below[-1] * (1.0 - 1e-6)
    tasks = jnp.searchsorted(below, drawn.ravel(), side="right").reshape(shape)
    return maps, jnp.minimum(tasks, probabilities.shape[0] - 1).astype(jnp.int32)


def _advantages(
    profile: Profile, reward: jax.Array, over: jax.Array, value: jax.Array, last: jax.Array
) -> jax.Array:
    """``[steps, environments]``."""
    goes_on = 1.0 - over.astype(jnp.float32)
    following = jnp.concatenate([value[1:], last[None]])
    error = reward + profile.discount * following * goes_on - value
    carried = profile.discount * profile.trace * goes_on

    def back(after: jax.Array, here: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        error, carried = here
        advantage = error + carried * after
        return advantage, advantage

    _, advantages = lax.scan(back, jnp.zeros_like(last), (error, carried), reverse=True)
    return advantages
