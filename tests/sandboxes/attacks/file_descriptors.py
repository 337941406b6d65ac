"""Open files until none are left."""

import jax.numpy as jnp

kept = []
try:
    while True:
        kept.append(open("/dev/null"))
except OSError:
    kept.clear()


def loss(prediction, target):
    return jnp.abs(prediction - target)
