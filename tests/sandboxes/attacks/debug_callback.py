"""Hide a callback in a debugging hook."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    jax.debug.callback(lambda x: open("/tmp/attack-marker", "w").close(), prediction)
    return jnp.abs(prediction - target)
