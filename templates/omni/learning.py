"""Updating: recurrent PPO after each rollout (Schulman et al. 2017, arXiv:1707.06347)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from templates.omni.network import Agent, Weights
from templates.omni.rollout import Experience
from templates.omni.settings import Profile

__all__ = ["Learner", "loss", "over_members"]


class Learner:
    """Updates of one agent; minibatches are whole sequences of some environments.

    Args:
        agent: Shapes.
        profile: Sizes.
    """

    def __init__(self, agent: Agent, profile: Profile) -> None:
        self._agent = agent
        self._profile = profile
        self._optimizer = optax.chain(
            optax.clip_by_global_norm(profile.gradient_norm),
            optax.adam(profile.learning_rate, eps=1e-5),
        )

    def start(self, weights: Weights) -> Any:
        """The optimiser's state."""
        return self._optimizer.init(weights)

    def update(
        self, weights: Weights, state: Any, experience: Experience, key: jax.Array
    ) -> tuple[Weights, Any]:
        """All updates after one rollout."""
        profile = self._profile
        share = profile.environments // profile.minibatches
        keys = jax.random.split(key, profile.epochs)
        mixed = jax.vmap(lambda key: jax.random.permutation(key, profile.environments))(keys)
        # With a leading axis of one, what was remembered is picked out as everything else is.
        rows = experience._replace(hidden=experience.hidden[None])
        order = mixed[:, : share * profile.minibatches].reshape(-1, share)

        def one(carry: tuple[Weights, Any], chosen: jax.Array) -> tuple[tuple[Weights, Any], None]:
            weights, state = carry
            batch: Experience = jax.tree.map(lambda part: part[:, chosen], rows)
            batch = batch._replace(hidden=batch.hidden[0])
            gradient = jax.grad(loss)(weights, self._agent, profile, batch)
            change, state = self._optimizer.update(gradient, state, weights)
            return (optax.apply_updates(weights, change), state), None

        (weights, state), _ = lax.scan(one, (weights, state), order)
        return weights, state


def loss(weights: Weights, agent: Agent, profile: Profile, batch: Experience) -> jax.Array:
    """PPO's clipped loss (eq. 7 and 9 there), advantages normalised within the minibatch.

    They are divided by their standard deviation, but by no less than ``profile.spread``.

    Args:
        weights: Of the agent.
        agent: Shapes.
        profile: Sizes.
        batch: Sequences of some environments.

    Returns:
        A scalar.
    """
    log_policy, value = agent.unroll(weights, batch.hidden, batch.observation, batch.begins)
    chosen = jnp.take_along_axis(log_policy, batch.action[..., None], axis=-1)[..., 0]
    ratio = jnp.exp(chosen - batch.log_probability)
    advantage = batch.advantage - batch.advantage.mean()
    advantage = advantage / jnp.maximum(batch.advantage.std(), profile.spread)
    clipped = jnp.clip(ratio, 1.0 - profile.clip, 1.0 + profile.clip)
    gain = jnp.minimum(ratio * advantage, clipped * advantage).mean()
    entropy = -(jnp.exp(log_policy) * log_policy).sum(axis=-1).mean()
    error = 0.5 * jnp.square(value - batch.target).mean()
    found: jax.Array = profile.value * error - gain - profile.entropy * entropy
    return found


def over_members(function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply to each member of trees of arrays that lead with ``[members]``.

    A single member is not vectorised over: on a CPU products of stacks of matrices are slower than
    products of matrices, also where the stack holds but one.
    """
    members = jax.tree.leaves(arrays)[0].shape[0]
    if members > 1:
        return jax.vmap(function)(*arrays)
    alone = function(*jax.tree.map(lambda leaf: leaf[0], arrays))
    return jax.tree.map(lambda leaf: leaf[None], alone)
