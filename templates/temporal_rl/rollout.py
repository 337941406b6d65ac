"""Acting: collecting experience, estimating advantages, cutting it into minibatches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from templates.temporal_rl.environments import Environment
from templates.temporal_rl.network import ActorCritic, Weights
from templates.temporal_rl.scales import (
    Scales,
    fresh_scales,
    scaled_observation,
    scaled_reward,
    seen,
)
from templates.temporal_rl.settings import Profile

__all__ = [
    "Batch",
    "Experience",
    "Runner",
    "collect",
    "episode_returns",
    "fresh_runner",
    "minibatch",
]


class Runner(NamedTuple):
    """Environments between two rollouts.

    Attributes:
        state: Of the environments, arrays lead with ``[environments]``.
        observation: ``[environments, size]``, as the environment gives it.
        scales: Of observations and rewards; None where the profile takes them as they are.
    """

    state: Any
    observation: jax.Array
    scales: Scales | None


class Batch(NamedTuple):
    """Samples that an update looks at, ``[..., samples]``, or all of a rollout.

    Attributes:
        observation: ``[..., samples, size]``.
        action: Integers, or vectors.
        log_probability: Of the action, when it was taken.
        value: The critic's estimate, when the action was taken.
        advantage: Of a rollout as estimated, of a minibatch normalised within it.
        target: Of the critic.
    """

    observation: jax.Array
    action: jax.Array
    log_probability: jax.Array
    value: jax.Array
    advantage: jax.Array
    target: jax.Array


class Experience(NamedTuple):
    """A rollout, and which of its samples each update takes.

    Minibatches are taken from it one by one: all together they are as many copies as there are
    epochs, more than a cache holds.

    Attributes:
        samples: ``[samples, ...]``.
        order: Places among the samples, ``[updates, minibatch]``.
    """

    samples: Batch
    order: jax.Array


class _Steps(NamedTuple):
    """A rollout: ``[steps, environments, ...]``."""

    observation: jax.Array
    action: jax.Array
    log_probability: jax.Array
    final_observation: jax.Array
    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array


def fresh_runner(
    environment: Environment, key: jax.Array, environments: int, *, scaled: bool = False
) -> Runner:
    """Environments at the start of an episode each."""
    observation, state = jax.vmap(environment.reset)(jax.random.split(key, environments))
    scales = fresh_scales(environments, environment.size) if scaled else None
    return Runner(state, observation, scales)


def collect(
    environment: Environment,
    network: ActorCritic,
    profile: Profile,
    vector: jax.Array,
    runner: Runner,
    key: jax.Array,
) -> tuple[Runner, Experience]:
    """One rollout with the present policy, ready for the updates that follow.

    Generalised advantage estimation (Schulman et al. 2016, eq. 16) that bootstraps from the state
    which an episode was cut in, and from nothing where it terminated.
    """
    act_key, mix_key = jax.random.split(key)
    parts = network.split(vector)
    before = runner.scales
    runner, steps = _act(environment, network, profile, parts, runner, act_key)
    if before is not None:
        runner = runner._replace(
            scales=seen(
                before,
                steps.observation,
                steps.reward,
                steps.terminated | steps.truncated,
                profile.discount,
            )
        )
        steps = steps._replace(
            observation=scaled_observation(before, steps.observation),
            final_observation=scaled_observation(before, steps.final_observation),
            reward=scaled_reward(before, steps.reward),
        )
    value = network.values(parts, steps.observation)
    following = network.values(parts, steps.final_observation)
    advantage = _advantages(profile, steps, value, following)
    taken = Batch(
        observation=steps.observation,
        action=steps.action,
        log_probability=steps.log_probability,
        value=value,
        advantage=advantage,
        target=advantage + value,
    )
    samples = profile.samples
    flat = Batch(*(part.reshape(samples, *part.shape[2:]) for part in taken))
    order = _orders(mix_key, profile.epochs, samples).reshape(profile.updates, profile.minibatch)
    return runner, Experience(flat, order)


def minibatch(samples: Batch, places: jax.Array) -> Batch:
    """The samples at some places, advantages normalised among them."""
    batch = Batch(*(part[places] for part in samples))
    advantage = batch.advantage - batch.advantage.mean()
    return batch._replace(advantage=advantage / (batch.advantage.std() + 1e-8))


def episode_returns(
    environment: Environment,
    network: ActorCritic,
    profile: Profile,
    vector: jax.Array,
    key: jax.Array,
    scales: Scales | None = None,
) -> jax.Array:
    """Undiscounted returns of the policy over some whole episodes.

    Actions are drawn from the policy, as in training.

    Returns:
        ``[profile.judged]``.
    """
    parts = network.split(vector)
    reset_key, key = jax.random.split(key)
    profile = replace(profile, environments=min(profile.judged, profile.environments))
    first = fresh_runner(environment, reset_key, profile.environments)._replace(scales=scales)

    def one(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        runner, running, total, key = carry
        key, own = jax.random.split(key)
        runner, steps = _act(environment, network, profile, parts, runner, own)
        over = jnp.cumsum(steps.terminated | steps.truncated, axis=0)
        before = jnp.concatenate([jnp.zeros_like(over[:1]), over[:-1]])
        counted = running & (before == 0)
        total = total + jnp.where(counted, steps.reward, 0.0).sum(axis=0)
        return runner, running & (over[-1] == 0), total, key

    start = (first, jnp.ones(profile.environments, bool), jnp.zeros(profile.environments), key)
    total: jax.Array = lax.while_loop(lambda carry: carry[1].any(), one, start)[2]
    return total


def _act(
    environment: Environment,
    network: ActorCritic,
    profile: Profile,
    parts: Weights,
    runner: Runner,
    key: jax.Array,
) -> tuple[Runner, _Steps]:
    # All noise is drawn at once: many small draws inside the loop would cost more than the rest.
    shape = (profile.steps, profile.environments)
    choice_key, step_key, reset_key = jax.random.split(key, 3)
    noise = network.noise(choice_key, shape)
    step_keys = jax.random.split(step_key, shape)
    scales = runner.scales
    if environment.resets_each_step:
        fresh = jax.vmap(jax.vmap(environment.reset))(jax.random.split(reset_key, shape))
    else:
        once = jax.vmap(environment.reset)(jax.random.split(reset_key, profile.environments))
        fresh = None

    def one(runner: Runner, drawn: Any) -> tuple[Runner, _Steps]:
        noise, keys, fresh = drawn
        observation = runner.observation
        if scales is not None:
            observation = scaled_observation(scales, observation)
        action, log_probability = network.draw(parts, observation, noise)
        following = once if fresh is None else fresh
        transition, state = jax.vmap(environment.step)(keys, runner.state, action, following)
        steps = _Steps(
            observation=runner.observation,
            action=action,
            log_probability=log_probability,
            final_observation=transition.final_observation,
            reward=transition.reward,
            terminated=transition.terminated,
            truncated=transition.truncated,
        )
        return Runner(state, transition.observation, scales), steps

    return lax.scan(one, runner, (noise, step_keys, fresh))


def _orders(key: jax.Array, count: int, samples: int) -> jax.Array:
    """Random permutations, ``[count, samples]``.

    Random bits with the place in the lowest: sorting plain numbers takes half the time of sorting
    places by random numbers. Two samples of equal bits keep their order, which matters to nobody.
    """
    low = jnp.uint32((1 << (samples - 1).bit_length()) - 1)
    mixed = (jax.random.bits(key, (count, samples)) & ~low) | jnp.arange(samples, dtype=jnp.uint32)
    ordered: jax.Array = lax.sort(mixed, dimension=1, is_stable=False)
    places: jax.Array = (ordered & low).astype(jnp.int32)
    return places


def _advantages(
    profile: Profile, steps: _Steps, value: jax.Array, following: jax.Array
) -> jax.Array:
    """``[steps, environments]``."""
    goes_on = jnp.where(steps.terminated, 0.0, 1.0)
    error = steps.reward + profile.discount * following * goes_on - value
    carried = jnp.where(steps.terminated | steps.truncated, 0.0, profile.discount * profile.trace)

    def back(after: jax.Array, here: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        error, carried = here
        advantage = error + carried * after
        return advantage, advantage

    _, advantages = lax.scan(back, jnp.zeros(profile.environments), (error, carried), reverse=True)
    return advantages
