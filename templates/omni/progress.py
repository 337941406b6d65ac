"""Learning progress: what is kept of each task's success, and how tasks are drawn by it.

Kanitscheider et al. 2021 (arXiv:2106.14876), as OMNI uses it (Zhang et al. 2023, arXiv:2306.01711).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = [
    "Progress",
    "distribution",
    "fresh_progress",
    "learning_progress",
    "normalized_success",
    "probabilities",
    "reweighted",
    "updated",
]

RATE = 0.1
"""Of every moving average."""

THETA = 0.1
"""How much low success rates are magnified."""

_LARGEST = 1e30


class Progress(NamedTuple):
    """What is known of each task: ``[..., tasks]``.

    Attributes:
        fast: Moving average of normalised success.
        slow: Moving average of ``fast``.
        success: Moving average of success as it was measured.
        counts: Episodes that ended in training.
        generations: How often success was measured, ``[...]``.
    """

    fast: jax.Array
    slow: jax.Array
    success: jax.Array
    counts: jax.Array
    generations: jax.Array


def fresh_progress(*shape: int) -> Progress:
    """Before anything was measured."""
    none = jnp.zeros(shape)
    return Progress(none, none, none, none, jnp.zeros(shape[:-1], jnp.int32))


def normalized_success(success: jax.Array, chance: jax.Array) -> jax.Array:
    """What is beyond chance: ``max(0, p - p_rand) / (1 - p_rand)``.

    Args:
        success: p, ``[..., tasks]``.
        chance: p_rand, of a policy that acts at random, ``[tasks]``.
    """
    return jnp.maximum(0.0, success - chance) / (1.0 - chance)


def updated(progress: Progress, success: jax.Array, chance: jax.Array) -> Progress:
    """After one more measurement; the first one is where averages start.

    Args:
        progress: Before it.
        success: Measured, ``[..., tasks]``.
        chance: Of a policy that acts at random, ``[tasks]``.
    """
    now = normalized_success(success, chance)
    first = (progress.generations == 0)[..., None]
    fast = jnp.where(first, now, RATE * now + (1.0 - RATE) * progress.fast)
    slow = jnp.where(first, now, RATE * fast + (1.0 - RATE) * progress.slow)
    raw = jnp.where(first, success, RATE * success + (1.0 - RATE) * progress.success)
    return Progress(fast, slow, raw, progress.counts, progress.generations + 1)


def reweighted(rate: jax.Array, theta: float = THETA) -> jax.Array:
    """``(1 - theta) p / (p + theta (1 - 2 p))``: changes at low success count for more."""
    return (1.0 - theta) * rate / (rate + theta * (1.0 - 2.0 * rate))


def learning_progress(fast: jax.Array, slow: jax.Array) -> jax.Array:
    """How far the reweighted averages are apart; forgetting counts as learning does."""
    return jnp.abs(reweighted(fast) - reweighted(slow))


def probabilities(progress: jax.Array, success: jax.Array) -> jax.Array:
    """How likely each task is drawn: z-scores through a sigmoid.

    Only tasks with progress or some success are drawn; all alike where there is none.

    Args:
        progress: Learning progress, ``[..., tasks]``.
        success: Above zero where the task was ever done, ``[..., tasks]``.

    Returns:
        ``[..., tasks]``, sums to one.
    """
    drawn = (progress > 0.0) | (success > 0.0)
    count = jnp.maximum(drawn.sum(axis=-1, keepdims=True), 1)
    mean = jnp.where(drawn, progress, 0.0).sum(axis=-1, keepdims=True) / count
    apart = jnp.where(drawn, progress - mean, 0.0)
    deviation = jnp.sqrt(jnp.square(apart).sum(axis=-1, keepdims=True) / count)
    score = apart / jnp.where(deviation > 0.0, deviation, 1.0)
    found = jnp.where(drawn, jax.nn.sigmoid(score), 0.0)
    anything = drawn.any(axis=-1, keepdims=True)
    found = jnp.where(anything, found, 1.0)
    return found / found.sum(axis=-1, keepdims=True)


def distribution(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Probabilities from weights.

    Args:
        weights: ``[members, tasks]``. What is negative or not finite counts as zero, what is beyond
            1e30 as 1e30; where all are zero every task is as likely as any other.

    Returns:
        ``[members, tasks]``, and whether weights had to be mended, ``[members]``, integers.
    """
    usable = jnp.isfinite(weights) & (weights >= 0.0)
    # Bounded, so that no sum overflows and no sum's reciprocal is too small for a float.
    kept = jnp.where(usable, jnp.minimum(weights, _LARGEST), 0.0)
    empty = kept.sum(axis=1, keepdims=True) <= 0.0
    kept = jnp.where(empty, 1.0, kept)
    wrong = ~usable.all(axis=1) | empty[:, 0]
    return kept / kept.sum(axis=1, keepdims=True), wrong.astype(jnp.int32)
