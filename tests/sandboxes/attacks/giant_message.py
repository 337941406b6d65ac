"""Fail with a message of a hundred megabytes."""

import jax.numpy as jnp

raise ValueError("x" * 10**8)


def loss(prediction, target):
    return jnp.abs(prediction - target)
