"""Absolute error.

Laplace, 1774.
"""

import jax.numpy as jnp


def loss(prediction, target):
    return jnp.abs(prediction - target)
