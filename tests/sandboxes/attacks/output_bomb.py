"""Write without end to standard output and error."""

import sys

import jax.numpy as jnp

for _ in range(200):
    print("x" * 2**20)
    print("x" * 2**20, file=sys.stderr)


def loss(prediction, target):
    return jnp.abs(prediction - target)
