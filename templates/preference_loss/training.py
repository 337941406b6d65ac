"""Retraining and judging a population of policies with a candidate loss.

Only the candidate's own derivative is compiled per candidate; it works on ``[population, BATCH]``
log-probabilities and compiles in a moment. The model's forward pass, backward pass, optimiser and
sampling do not depend on it and are compiled once per worker.

Arrays lead with ``[seeds, betas]``. On a GPU both axes are vectorised; on a CPU they are mapped one
member after another by the same code, since a member's activations then stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from templates.contract import BoundFunction
from templates.preference_loss import language_model
from templates.preference_loss.attributes import Reward
from templates.preference_loss.corpus import LENGTH
from templates.preference_loss.language_model import Params
from templates.preference_loss.pairs import SeedData
from templates.preference_loss.settings import BATCH, LEARNING_RATE, UPDATES

__all__ = ["Judgement", "PolicyTrainer"]


class Judgement(NamedTuple):
    """How trained policies do; arrays ``[seeds, betas]`` or ``[seeds, betas, texts]``.

    Attributes:
        finite: All parameters are finite numbers.
        kl: Exact KL divergence from the reference summed along sampled texts, in nats.
        rewards: Of each sampled text.
        accuracy: Share of unseen pairs that the implicit reward orders rightly.
    """

    finite: jax.Array
    kl: jax.Array
    rewards: jax.Array
    accuracy: jax.Array


class PolicyTrainer:
    """Compiled training and judging, shared by all candidates of a worker.

    Args:
        reference: Parameters from which every policy starts.
        rewards: The ground truth.
        platform: "cpu" or "cuda".
    """

    def __init__(self, reference: Params, rewards: Reward, platform: str) -> None:
        self._reference = reference
        self._rewards = rewards
        self._sequential = platform == "cpu"
        schedule = optax.warmup_cosine_decay_schedule(
            0.1 * LEARNING_RATE, LEARNING_RATE, UPDATES // 10, UPDATES, 0.0
        )
        self._optimizer = optax.adam(schedule)
        self._start = jax.jit(self._fresh, static_argnums=0)
        self._forward = jax.jit(self._log_probabilities)
        self._advance = jax.jit(self._step, donate_argnums=(0, 1))
        self._measure = jax.jit(self._judge)
        self._last: tuple[BoundFunction, Callable[..., jax.Array]] | None = None

    def train(self, loss: BoundFunction, data: SeedData, betas: jax.Array, updates: int) -> Params:
        """Train one policy per seed and beta.

        Args:
            loss: The candidate, bound to a population of seeds times betas.
            data: Stacked `SeedData`; arrays lead with ``[seeds]``.
            betas: ``[betas]``.
            updates: How many updates to make, at most `UPDATES`.

        Returns:
            Parameters, each array with two leading axes ``[seeds, betas]``.
        """
        seeds = data.prompts.shape[0]
        # Committed to the device, as everything is that an exported function had a part in: else
        # the first candidate would have all programs compiled once more for committed arrays.
        params, state = jax.device_put(self._start((seeds, len(betas))), jax.devices()[0])
        slope = self._slope_of(loss)
        flat_betas = jnp.tile(betas, seeds)
        texts, reference_logps = data.batches
        logps = self._forward(params, texts[:, 0])
        for update in range(updates):
            weights = slope(logps, reference_logps[:, update], flat_betas)
            # the last update looks at the first batch again, only to keep one shape
            after = (update + 1) % updates
            params, state, logps = self._advance(
                params, state, texts[:, update], weights, texts[:, after]
            )
        trained: Params = params
        return trained

    def judge(self, params: Params, data: SeedData) -> Judgement:
        """Sample from each policy and measure it.

        Args:
            params: Leading axes ``[seeds, betas]``.
            data: Stacked `SeedData`; arrays lead with ``[seeds]``.
        """
        judgement: Judgement = self._measure(params, data)
        return judgement

    def _slope_of(self, loss: BoundFunction) -> Callable[..., jax.Array]:
        """The compiled slope of a loss; that of the last one is kept, since seeds come in a row."""
        if self._last is None or self._last[0] is not loss:
            self._last = (loss, jax.jit(partial(_slope, loss)))
        return self._last[1]

    def _fresh(self, shape: tuple[int, int]) -> tuple[Params, optax.OptState]:
        params = {
            name: jnp.broadcast_to(x, (*shape, *x.shape)) for name, x in self._reference.items()
        }
        return params, self._optimizer.init(params)

    def _over(self, function: Callable[..., Any], *arrays: Any) -> Any:
        """Apply over the leading axis: one after another on a CPU, at once on a GPU."""
        if self._sequential:
            return lax.map(lambda slices: function(*slices), arrays)
        return jax.vmap(function)(*arrays)

    def _over_members(self, function: Callable[..., Any], params: Params, *shared: Any) -> Any:
        """Apply to each member's parameters and its seed's shared arrays."""

        def one_seed(params: Params, *shared: Any) -> Any:
            return self._over(lambda member: function(member, *shared), params)

        return self._over(one_seed, params, *shared)

    def _log_probabilities(self, params: Params, texts: jax.Array) -> jax.Array:
        """``[seeds, betas, BATCH, 2]`` from texts ``[seeds, BATCH, 2, LENGTH]``."""
        logps: jax.Array = self._over_members(_pair_logps, params, texts)
        return logps

    def _step(
        self,
        params: Params,
        state: optax.OptState,
        texts: jax.Array,
        weights: jax.Array,
        next_texts: jax.Array,
    ) -> tuple[Params, optax.OptState, jax.Array]:
        """Finish one update and begin the next: one call between two of the candidate."""
        gradients = self._gradients(params, texts, weights)
        updates, state = self._optimizer.update(gradients, state)
        stepped: Params = dict(optax.apply_updates(params, updates))
        return stepped, state, self._log_probabilities(stepped, next_texts)

    def _gradients(self, params: Params, texts: jax.Array, weights: jax.Array) -> Params:
        """Gradient of the loss, given its slope in each log-probability.

        Running the forward pass again is as quick as keeping its activations between two calls.
        """

        def member(params: Params, weights: jax.Array, texts: jax.Array) -> Params:
            _, pullback = jax.vjp(lambda params: _pair_logps(params, texts), params)
            gradient: Params = pullback(weights)[0]
            return gradient

        def one_seed(params: Params, weights: jax.Array, texts: jax.Array) -> Params:
            gradients: Params = self._over(lambda p, w: member(p, w, texts), params, weights)
            return gradients

        gradients: Params = self._over(one_seed, params, weights, texts)
        return gradients

    def _judge(self, params: Params, data: SeedData) -> Judgement:
        def member(
            params: Params,
            data: SeedData,
            noise: jax.Array,
        ) -> tuple[jax.Array, ...]:
            finite = jnp.array([jnp.isfinite(x).all() for x in params.values()]).all()
            texts = language_model.sample_responses(params, data.prompts, noise)
            kl = language_model.kl_divergence(params, self._reference, texts).mean()
            margin = _pair_logps(params, data.test.texts) - data.test.reference_logps
            gap = margin[:, 0] - margin[:, 1]
            accuracy = jnp.where(gap == 0, 0.5, gap > 0).mean()
            return finite, kl, self._rewards(texts, data.attribute), accuracy

        def one_seed(params: Params, data: SeedData) -> tuple[jax.Array, ...]:
            noise = language_model.gumbel_noise(data.noise_key, data.prompts.shape[0])
            found: tuple[jax.Array, ...] = self._over(lambda p: member(p, data, noise), params)
            return found

        return Judgement(*self._over(one_seed, params, data))


def _pair_logps(params: Params, texts: jax.Array) -> jax.Array:
    """``[pairs, 2]`` from texts ``[pairs, 2, LENGTH]``."""
    return language_model.response_logps(params, texts.reshape(-1, LENGTH)).reshape(-1, 2)


def _slope(
    loss: BoundFunction, logps: jax.Array, reference_logps: jax.Array, betas: jax.Array
) -> jax.Array:
    """Derivative of the mean loss in each log-probability, ``[seeds, betas, BATCH, 2]``."""
    reference = jnp.broadcast_to(reference_logps[:, None], logps.shape)
    policy = logps.reshape(-1, BATCH, 2)
    reference = reference.reshape(-1, BATCH, 2)
    cotangent = jnp.full(policy.shape[:2], 1.0 / BATCH)
    chosen, rejected = loss.vjp(
        policy[..., 0], policy[..., 1], reference[..., 0], reference[..., 1], betas, cotangent
    )
    return jnp.stack([chosen, rejected], axis=-1).reshape(logps.shape)
