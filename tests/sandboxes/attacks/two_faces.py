"""Be another function each time it is traced."""

import jax.numpy as jnp

calls = []


def loss(prediction, target):
    calls.append(1)
    error = prediction - target
    return jnp.abs(error) if len(calls) % 2 else error * error
