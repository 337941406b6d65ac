"""Take other arguments than asked for."""

import jax.numpy as jnp


def loss(prediction, target, core, secret=None):
    return jnp.abs(prediction - target)
