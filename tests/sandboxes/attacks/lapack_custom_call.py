"""Reach native code through a linear-algebra routine."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    matrix = jnp.outer(prediction, target) + jnp.eye(prediction.shape[0])
    return jnp.linalg.svd(matrix)[1]
