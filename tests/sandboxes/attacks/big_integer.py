"""Compute a number with billions of digits."""

import jax.numpy as jnp

x = 10 ** (10**10)


def loss(prediction, target):
    return jnp.abs(prediction - target)
