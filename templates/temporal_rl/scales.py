"""Running scales of observations and rewards, as continuous control needs them.

Observations are centred and scaled; rewards are divided by the standard deviation of their running
discounted sum (Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients",
arXiv:2005.12729). Scales change between rollouts only, so that a rollout is of one piece.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Scales", "fresh_scales", "scaled_observation", "scaled_reward", "seen"]

_LIMIT = 10.0


class _Moments(NamedTuple):
    """Of numbers seen so far: ``[...]`` each, and how many."""

    mean: jax.Array
    variance: jax.Array
    number: jax.Array


class Scales(NamedTuple):
    """What was seen of one agent's environments.

    Attributes:
        observation: ``[size]``.
        gain: Of running discounted sums of rewards, scalars.
        gains: These sums at this moment, ``[environments]``.
    """

    observation: _Moments
    gain: _Moments
    gains: jax.Array


def fresh_scales(environments: int, size: int) -> Scales:
    """Before anything was seen: nothing is changed but what is beyond ten."""
    little = jnp.float32(1e-4)
    return Scales(
        _Moments(jnp.zeros(size), jnp.ones(size), little),
        _Moments(jnp.float32(0.0), jnp.float32(1.0), little),
        jnp.zeros(environments),
    )


def scaled_observation(scales: Scales, observation: jax.Array) -> jax.Array:
    """``[..., size]``, within ten standard deviations."""
    mean, variance, _ = scales.observation
    return jnp.clip((observation - mean) / jnp.sqrt(variance + 1e-8), -_LIMIT, _LIMIT)


def scaled_reward(scales: Scales, reward: jax.Array) -> jax.Array:
    """``[...]``, within ten standard deviations of the running discounted sum."""
    return jnp.clip(reward / jnp.sqrt(scales.gain.variance + 1e-8), -_LIMIT, _LIMIT)


def seen(
    scales: Scales, observation: jax.Array, reward: jax.Array, over: jax.Array, discount: float
) -> Scales:
    """The scales after a rollout.

    Args:
        scales: Before it.
        observation: ``[steps, environments, size]``.
        reward: ``[steps, environments]``.
        over: Whether the episode ended with this step, ``[steps, environments]``.
        discount: Gamma.
    """

    def one(gains: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        reward, over = now
        gains = discount * gains + reward
        return jnp.where(over, 0.0, gains), gains

    gains, summed = lax.scan(one, scales.gains, (reward, over))
    return Scales(
        _joined(scales.observation, observation.reshape(-1, observation.shape[-1])),
        _joined(scales.gain, summed.ravel()),
        gains,
    )


def _joined(known: _Moments, values: jax.Array) -> _Moments:
    """Moments of two samples together (Chan, Golub and LeVeque 1983)."""
    count = jnp.float32(values.shape[0])
    mean, variance = values.mean(axis=0), values.var(axis=0)
    total = known.number + count
    apart = mean - known.mean
    squares = known.variance * known.number + variance * count
    squares += apart**2 * known.number * count / total
    return _Moments(known.mean + apart * count / total, squares / total, total)
