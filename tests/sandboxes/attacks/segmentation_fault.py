"""Read from address zero."""

import ctypes

import jax.numpy as jnp

ctypes.string_at(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
