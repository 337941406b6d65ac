"""Value and slope of a loss over the scaled margin, for figures."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from templates.contract import BoundFunction
from templates.preference_loss.settings import BATCH

__all__ = ["loss_curves"]

_BETA = 0.1
_RANGE = 6.0
_REFERENCE_LOGP = -25.0


def loss_curves(loss: BoundFunction) -> dict[str, Any]:
    """The loss and its derivative in beta * rho at beta = 0.1, over beta * rho in -6 ... 6.

    The grid is dealt out over population and batch so that every batch spans the whole range: a
    loss with batch statistics is shown as it acts on a spread batch.

    Args:
        loss: A bound loss.

    Returns:
        ``x``, ``value`` and ``gradient`` as lists of population * batch numbers, ``x_label`` and
        ``beta``. Results that are not finite are left out.
    """
    shape = (loss.population, BATCH)
    x = np.linspace(-_RANGE, _RANGE, loss.population * BATCH).reshape(BATCH, loss.population).T
    half = (x / _BETA / 2).astype(np.float32)
    reference = np.full(shape, _REFERENCE_LOGP, np.float32)
    betas = np.full(loss.population, _BETA, np.float32)
    arguments = [
        jnp.asarray(array)
        for array in (reference + half, reference - half, reference, reference, betas)
    ]
    value = np.asarray(loss.value(*arguments), np.float64)
    chosen, rejected = loss.vjp(*arguments, jnp.ones(shape, jnp.float32))
    # Moving rho by one moves each policy log-probability by a half, in opposite directions.
    slope = (np.asarray(chosen, np.float64) - np.asarray(rejected, np.float64)) / 2 / _BETA
    order = np.argsort(x, axis=None)
    flat = np.stack([x.ravel(), value.ravel(), slope.ravel()])[:, order]
    flat = flat[:, np.isfinite(flat).all(axis=0)]
    return {
        "x": flat[0].tolist(),
        "value": flat[1].tolist(),
        "gradient": flat[2].tolist(),
        "x_label": r"$\beta\rho$",
        "beta": _BETA,
    }
