"""Take all memory at import."""

import jax.numpy as jnp

kept = []
while True:
    kept.append(bytearray(2**28))


def loss(prediction, target):
    return jnp.abs(prediction - target)
