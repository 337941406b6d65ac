"""Return one number for the batch."""

import jax.numpy as jnp


def loss(prediction, target):
    return jnp.abs(prediction - target).sum()
