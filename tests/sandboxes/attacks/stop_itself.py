"""Stop for ever without using any time."""

import os
import signal

import jax.numpy as jnp

os.kill(os.getpid(), signal.SIGSTOP)
while True:
    signal.pause()


def loss(prediction, target):
    return jnp.abs(prediction - target)
