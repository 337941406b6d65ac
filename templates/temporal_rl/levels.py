"""What a candidate decides: the drift of PPO's objective, the whole objective, or the optimiser.

A candidate's function is exported for ``members * minibatch`` samples and sees each sample alone;
here its slopes become those of the mean loss in the networks' outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp

from templates.contract import BoundFunction
from templates.temporal_rl.rollout import Batch
from templates.temporal_rl.settings import Profile

__all__ = ["LEVELS", "Clock", "Functions", "Level", "Outputs"]

Functions = Mapping[str, BoundFunction]


class Clock(NamedTuple):
    """Time as a candidate is told it; scalars.

    Attributes:
        elapsed: t = n / N, the share of all environment steps that is behind.
        within: b, the position of the update among those that follow one rollout, in [0, 1).
        log_horizon: log N.
    """

    elapsed: jax.Array
    within: jax.Array
    log_horizon: jax.Array


class Outputs(NamedTuple):
    """What the loss sees of the networks, or its slopes in them: ``[members, minibatch]``."""

    log_probability: jax.Array
    entropy: jax.Array
    value: jax.Array


class Level(Protocol):
    """How a kind of candidate takes part in an update."""

    def slopes(
        self,
        functions: Functions,
        profile: Profile,
        outputs: Outputs,
        batch: Batch,
        clock: Clock,
    ) -> Outputs:
        """Slopes of the loss, which is minimised, in each output."""
        ...

    def rate(self, functions: Functions, clock: Clock) -> jax.Array | float:
        """A factor of the learning rate."""
        ...


class DriftLevel:
    """The candidate is a drift D: the policy's objective is the mean of ``r A - D``.

    Mirror learning (Kuba et al. 2022) with a learned drift, as LPO (Lu et al. 2022,
    arXiv:2210.05639) and TA-LPO (Jackson et al. 2024, arXiv:2402.05828) have it. Entropy bonus and
    the critic's clipped loss are PPO's. A candidate may also define ``learning_rate`` and
    ``entropy_weight``, as the annealed baselines do.
    """

    def slopes(
        self,
        functions: Functions,
        profile: Profile,
        outputs: Outputs,
        batch: Batch,
        clock: Clock,
    ) -> Outputs:
        """See `Level`."""
        log_ratio = outputs.log_probability - batch.log_probability
        ratio = jnp.exp(log_ratio)
        of_ratio, of_log = _pull(
            functions["drift"],
            ratio,
            log_ratio,
            batch.advantage,
            clock.elapsed,
            clock.log_horizon,
            jnp.float32(profile.clip),
        )
        samples = log_ratio.shape[1]
        weight = profile.entropy * _scheduled(functions, "entropy_weight", clock)
        return Outputs(
            log_probability=(ratio * of_ratio + of_log - ratio * batch.advantage) / samples,
            entropy=jnp.full_like(ratio, -1.0 / samples) * weight,
            value=profile.value * _critic_slope(profile, outputs.value, batch) / samples,
        )

    def rate(self, functions: Functions, clock: Clock) -> jax.Array | float:
        """See `Level`."""
        return _scheduled(functions, "learning_rate", clock)


class ObjectiveLevel:
    """The candidate is the whole loss of a sample: policy, entropy and critic.

    It may also define ``learning_rate``.
    """

    def slopes(
        self,
        functions: Functions,
        profile: Profile,
        outputs: Outputs,
        batch: Batch,
        clock: Clock,
    ) -> Outputs:
        """See `Level`."""
        slopes = _pull(
            functions["loss"],
            outputs.log_probability - batch.log_probability,
            batch.advantage,
            outputs.entropy,
            outputs.value,
            batch.value,
            batch.target,
            clock.elapsed,
            clock.within,
            clock.log_horizon,
        )
        samples = outputs.value.shape[1]
        return Outputs(*(slope / samples for slope in slopes))

    def rate(self, functions: Functions, clock: Clock) -> jax.Array | float:
        """See `Level`."""
        return _scheduled(functions, "learning_rate", clock)


LEVELS: Mapping[str, Level] = {"drift": DriftLevel(), "objective": ObjectiveLevel()}


def _pull(function: BoundFunction, *arguments: jax.Array) -> tuple[jax.Array, ...]:
    """Slopes of each sample's value, ``[members, minibatch]`` each."""
    shape = arguments[0].shape
    flat = [jnp.broadcast_to(argument, shape).ravel() for argument in arguments]
    slopes = function.vjp(*flat, jnp.ones(shape).ravel())
    return tuple(slope.reshape(shape) for slope in slopes)


def _scheduled(functions: Functions, name: str, clock: Clock) -> jax.Array | float:
    """The factor that an optional function of the clock gives; 1 without it."""
    if name not in functions:
        return 1.0
    function = functions[name]
    values = function.value(*(jnp.full(function.population, part) for part in clock))
    return values[0]


def _critic_slope(profile: Profile, value: jax.Array, batch: Batch) -> jax.Array:
    """Slope of half the larger squared error of the value, clipped and not (PPO's critic loss)."""

    def loss(value: jax.Array) -> jax.Array:
        near = batch.value + jnp.clip(value - batch.value, -profile.clip, profile.clip)
        plain, clipped = (value - batch.target) ** 2, (near - batch.target) ** 2
        return 0.5 * jnp.maximum(plain, clipped).sum()

    slope: jax.Array = jax.grad(loss)(value)
    return slope
