"""Abort inside the C library."""

import os

import jax.numpy as jnp

os.abort()


def loss(prediction, target):
    return jnp.abs(prediction - target)
