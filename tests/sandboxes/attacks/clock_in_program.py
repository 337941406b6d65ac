"""Freeze the time of day into the program."""

import time

import jax.numpy as jnp


def loss(prediction, target):
    return jnp.abs(prediction - target) + (time.time_ns() % 997) * 1e-3
