"""What a candidate decides: the drift of PPO's objective, the whole objective, or the optimiser.

A drift or an objective is exported for ``members * minibatch`` samples and sees each sample alone;
here its slopes become those of the mean loss in the networks' outputs, and Adam does the rest. An
optimiser is exported for a fixed number of parameters and sees each alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import optax
from jax import lax

from templates.contract import BoundFunction
from templates.temporal_rl.population import each
from templates.temporal_rl.rollout import Batch
from templates.temporal_rl.settings import Profile

__all__ = ["LEVELS", "MOMENTA", "SLOTS", "Clock", "Functions", "Level", "Outputs"]

Functions = Mapping[str, BoundFunction]

SLOTS = 4
"""Numbers that an optimiser may remember of each parameter."""

MOMENTA = (0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
"""Decays of the moving averages of the gradient that an optimiser is shown, as learned optimisers
are (Metz et al. 2019, arXiv:1810.10180; there without correction for their start)."""


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

    @property
    def names(self) -> tuple[str, ...]:
        """The functions that a candidate may define, the required one first."""
        ...

    def share(self, profile: Profile) -> int:
        """How much of a function's population one agent takes."""
        ...

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

    def start(self, functions: Functions, profile: Profile, vectors: jax.Array) -> Any:
        """What is remembered of parameters ``[members, parameters]`` before the first step."""
        ...

    def step(
        self,
        functions: Functions,
        profile: Profile,
        gradients: jax.Array,
        state: Any,
        vectors: jax.Array,
        clock: Clock,
    ) -> tuple[jax.Array, Any]:
        """Parameters after a step, and what is remembered; gradients are clipped here."""
        ...


class _TrainedByAdam:
    """What levels have in common whose candidates are no optimisers."""

    def share(self, profile: Profile) -> int:
        """See `Level`."""
        return profile.minibatch

    def start(self, functions: Functions, profile: Profile, vectors: jax.Array) -> Any:
        """See `Level`."""
        return each(_adam(profile).init, vectors)

    def step(
        self,
        functions: Functions,
        profile: Profile,
        gradients: jax.Array,
        state: Any,
        vectors: jax.Array,
        clock: Clock,
    ) -> tuple[jax.Array, Any]:
        """See `Level`."""
        steps, state = each(_adam(profile).update, gradients, state)
        rate = profile.learning_rate * _scheduled(functions, "learning_rate", clock)
        return vectors - rate * steps, state


class DriftLevel(_TrainedByAdam):
    """The candidate is a drift D: the policy's objective is the mean of ``r A - D``.

    Mirror learning (Kuba et al. 2022) with a learned drift, as LPO (Lu et al. 2022,
    arXiv:2210.05639) and TA-LPO (Jackson et al. 2024, arXiv:2402.05828) have it. Entropy bonus and
    the critic's clipped loss are PPO's. A candidate may also define ``learning_rate`` and
    ``entropy_weight``, as the annealed baselines do.
    """

    names = ("drift", "learning_rate", "entropy_weight")

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
        weight = _scheduled(functions, "entropy_weight", clock)
        pushed = ratio * of_ratio + of_log - ratio * batch.advantage
        return _with_ppos_rest(profile, pushed, weight, outputs, batch)


class ObjectiveLevel(_TrainedByAdam):
    """The candidate is the whole loss of a sample: policy, entropy and critic.

    It may also define ``learning_rate``.
    """

    names = ("loss", "learning_rate")

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


class _Memory(NamedTuple):
    """Of an optimiser: ``[chunks, population, ...]``, all members' parameters one after another.

    Attributes:
        slots: What the candidate keeps, ``[..., SLOTS]``.
        momenta: Moving averages of the gradient, not yet corrected, ``[..., 6]``.
        steps: Taken so far, a scalar.
    """

    slots: jax.Array
    momenta: jax.Array
    steps: jax.Array


class OptimizerLevel:
    """The candidate is the optimiser: it turns a gradient into a step, parameter by parameter.

    The loss is PPO's. Gradients are clipped to the same norm as Adam's at the other levels: a
    function of single parameters cannot know the norm of all. A candidate may also define ``init``.
    """

    names = ("update", "init")

    def share(self, profile: Profile) -> int:
        """See `Level`; as many parameters as are handled at once."""
        return profile.chunk

    def slopes(
        self,
        functions: Functions,
        profile: Profile,
        outputs: Outputs,
        batch: Batch,
        clock: Clock,
    ) -> Outputs:
        """See `Level`; the candidate has no part in it."""
        ratio = jnp.exp(outputs.log_probability - batch.log_probability)
        inside = jnp.where(
            batch.advantage >= 0, ratio <= 1.0 + profile.clip, ratio >= 1.0 - profile.clip
        )
        pushed = jnp.where(inside, -ratio * batch.advantage, 0.0)
        return _with_ppos_rest(profile, pushed, 1.0, outputs, batch)

    def start(self, functions: Functions, profile: Profile, vectors: jax.Array) -> _Memory:
        """See `Level`."""
        parameters = _chunked(vectors, functions["update"].population)
        if "init" in functions:
            slots = lax.map(functions["init"].value, parameters)
        else:
            slots = jnp.zeros((*parameters.shape, SLOTS))
        return _Memory(slots, jnp.zeros((*parameters.shape, len(MOMENTA))), jnp.int32(0))

    def step(
        self,
        functions: Functions,
        profile: Profile,
        gradients: jax.Array,
        state: _Memory,
        vectors: jax.Array,
        clock: Clock,
    ) -> tuple[jax.Array, _Memory]:
        """See `Level`."""
        update = functions["update"]
        clip = optax.clip_by_global_norm(profile.gradient_norm)
        clipped = each(lambda own: clip.update(own, optax.EmptyState())[0], gradients)
        decays = jnp.array(MOMENTA)
        correction = 1.0 / (1.0 - decays ** (state.steps + 1))
        times = [jnp.full(update.population, part) for part in clock]

        def one(chunk: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
            gradient, slots, momenta, parameter = chunk
            momenta = decays * momenta + (1.0 - decays) * gradient[:, None]
            found = update.value(gradient, slots, parameter, momenta * correction, *times)
            return parameter - profile.learning_rate * found[:, 0], found[:, 1:], momenta

        size = update.population
        moved, slots, momenta = lax.map(
            one, (_chunked(clipped, size), state.slots, state.momenta, _chunked(vectors, size))
        )
        stepped = moved.ravel()[: vectors.size].reshape(vectors.shape)
        return stepped, _Memory(slots, momenta, state.steps + 1)


LEVELS: Mapping[str, Level] = {
    "drift": DriftLevel(),
    "objective": ObjectiveLevel(),
    "optimiser": OptimizerLevel(),
}


def _adam(profile: Profile) -> optax.GradientTransformation:
    return optax.chain(
        optax.clip_by_global_norm(profile.gradient_norm), optax.scale_by_adam(eps=1e-5)
    )


def _with_ppos_rest(
    profile: Profile,
    pushed: jax.Array,
    entropy_weight: jax.Array | float,
    outputs: Outputs,
    batch: Batch,
) -> Outputs:
    """Slopes of the mean loss: those of the policy's part as given, PPO's entropy and critic."""
    samples = pushed.shape[1]
    return Outputs(
        log_probability=pushed / samples,
        entropy=jnp.full_like(pushed, -1.0 / samples) * (profile.entropy * entropy_weight),
        value=profile.value * _critic_slope(profile, outputs.value, batch) / samples,
    )


def _chunked(vectors: jax.Array, size: int) -> jax.Array:
    """``[chunks, size]`` of all members' parameters, filled up with zeros."""
    flat = vectors.ravel()
    return jnp.pad(flat, (0, -flat.size % size)).reshape(-1, size)


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
