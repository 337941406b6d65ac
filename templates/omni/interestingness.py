"""A model of interestingness: which tasks are worth learning, given what is learned.

OMNI's procedure (Zhang et al. 2023, arXiv:2306.01711, section 3.2): from the task that goes best
down, each one that is not classified yet is interesting, and everything that is boring once one can
do it is boring. What is boring relative to what is a matrix, and an input of compiled programs: a
model's judgement, or a rule, goes in there.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from templates.omni.features import Facts
from templates.omni.progress import learning_progress, probabilities

__all__ = ["BORING", "chosen_by", "interesting", "same_value"]

BORING = 0.001
"""What a boring task's weight is multiplied by."""


def interesting(success: jax.Array, boring: jax.Array) -> jax.Array:
    """Which tasks are interesting.

    Args:
        success: By which tasks are sorted, the earlier one first among equals: ``[tasks]``.
        boring: Whether the task of a column is boring to one who can do the task of the row:
            ``[tasks, tasks]``.

    Returns:
        Booleans ``[tasks]``.
    """
    order = jnp.argsort(-success, stable=True)

    def one(
        carry: tuple[jax.Array, jax.Array], place: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        chosen, dull = carry
        representative = ~dull[place]
        chosen = chosen.at[place].set(representative)
        # What was chosen before stays so: it is classified already.
        dull = dull | (representative & boring[place] & ~chosen)
        return (chosen, dull), None

    none = jnp.zeros(success.shape, bool)
    (chosen, _), _ = lax.scan(one, (none, none), order)
    return chosen


def same_value(facts: Facts, column: int) -> NDArray[np.bool_]:
    """A rule as a matrix: boring is what has the same value in a column of the facts."""
    values = facts.columns[:, column]
    alike: NDArray[np.bool_] = values[:, None] == values[None]
    np.fill_diagonal(alike, False)
    return alike


def chosen_by(
    fast: jax.Array, slow: jax.Array, counts: jax.Array, told: jax.Array, boring: jax.Array
) -> jax.Array:
    """Weights by learning progress, a thousandth for what is boring: a sampler with a matrix.

    Args:
        fast: ``[members, tasks]``, as the next two; see `templates.omni.training.Sampler`.
        slow: The slower average.
        counts: Episodes; not used.
        told: Features ``[members, tasks, columns]``.
        boring: ``[tasks, tasks]``, the same for all members.

    Returns:
        ``[members, tasks]``.
    """
    success = told[..., 5]
    likely = probabilities(learning_progress(fast, slow), success)
    labels = jax.vmap(interesting, (0, None))(success, boring)
    return likely * jnp.where(labels, 1.0, BORING)
