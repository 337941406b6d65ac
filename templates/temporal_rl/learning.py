"""Updating: everything between two rollouts, with the candidate inside.

This is all that is compiled for a candidate. Arrays lead with ``[members]``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from templates.temporal_rl.levels import Clock, Functions, Level, Outputs
from templates.temporal_rl.network import ActorCritic, Weights
from templates.temporal_rl.population import each
from templates.temporal_rl.rollout import Batch, Experience, minibatch
from templates.temporal_rl.settings import Profile

__all__ = ["Learner", "Outcome"]


class Outcome(NamedTuple):
    """Means over the updates after one rollout: ``[members]``.

    Attributes:
        entropy: Of the policy, in nats.
        beyond_clip: Share of samples whose probability ratio is further from 1 than epsilon.
        divergence: KL divergence from the policy that acted, estimated as in Schulman's note
            "Approximating KL divergence" (2020), k3.
    """

    entropy: jax.Array
    beyond_clip: jax.Array
    divergence: jax.Array


class Learner:
    """Updates of a population of policies.

    Args:
        network: Shape of all policies.
        profile: Sizes.
        level: What the candidate decides.
    """

    def __init__(self, network: ActorCritic, profile: Profile, level: Level) -> None:
        self._network = network
        self._profile = profile
        self._level = level

    def start(self, functions: Functions, vectors: jax.Array) -> Any:
        """The optimiser's state for parameters ``[members, parameters]``."""
        return self._level.start(functions, self._profile, vectors)

    def update(
        self,
        functions: Functions,
        vectors: jax.Array,
        state: Any,
        experience: Experience,
        elapsed: jax.Array,
        log_horizon: jax.Array,
    ) -> tuple[jax.Array, Any, Outcome]:
        """All updates after one rollout.

        Args:
            functions: The candidate.
            vectors: ``[members, parameters]``.
            state: Of the optimiser.
            experience: Arrays lead with ``[members]``.
            elapsed: t = n / N, a scalar.
            log_horizon: log N, a scalar.
        """
        updates = self._profile.updates
        positions = jnp.arange(updates, dtype=jnp.float32) / updates
        order = jnp.moveaxis(experience.order, 0, 1)

        def one(
            carry: tuple[jax.Array, Any], inputs: tuple[jax.Array, jax.Array]
        ) -> tuple[tuple[jax.Array, Any], Outcome]:
            vectors, state = carry
            places, position = inputs
            batch = each(minibatch, experience.samples, places)
            clock = Clock(elapsed, position, log_horizon)
            parts = each(self._network.split, vectors)
            outputs, pull = jax.vjp(lambda own: each(self._forward, own, batch), parts)
            slopes = self._level.slopes(functions, self._profile, outputs, batch, clock)
            gradients = each(self._network.join, *pull(slopes))
            vectors, state = self._level.step(
                functions, self._profile, gradients, state, vectors, clock
            )
            return (vectors, state), _outcome(outputs, batch, self._profile.clip)

        (vectors, state), outcomes = lax.scan(one, (vectors, state), (order, positions))
        return vectors, state, jax.tree.map(lambda part: part.mean(axis=0), outcomes)

    def _forward(self, parts: Weights, batch: Batch) -> Outputs:
        log_probability, entropy = self._network.judge(parts, batch.observation, batch.action)
        return Outputs(log_probability, entropy, self._network.values(parts, batch.observation))


def _outcome(outputs: Outputs, batch: Batch, clip: float) -> Outcome:
    log_ratio = outputs.log_probability - batch.log_probability
    beyond = jnp.expm1(log_ratio)
    return Outcome(
        entropy=outputs.entropy.mean(axis=1),
        beyond_clip=(jnp.abs(beyond) > clip).mean(axis=1),
        divergence=(beyond - log_ratio).mean(axis=1),
    )
