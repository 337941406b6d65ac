"""Embed a constant of a gigabyte."""

import jax.numpy as jnp
import numpy as np


def loss(prediction, target):
    table = jnp.asarray(np.random.default_rng(0).normal(size=2**28).astype("float32"))
    return jnp.abs(prediction - target) + 0 * table[:1]
