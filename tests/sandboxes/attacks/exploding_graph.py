"""Build a graph with a million operations."""

import jax.numpy as jnp


def loss(prediction, target):
    value = prediction - target
    for _ in range(1_000_000):
        value = jnp.sin(value) + value
    return value
