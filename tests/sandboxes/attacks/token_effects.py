"""Use ordered effects to keep state between calls."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    jax.debug.callback(lambda: None, ordered=True)
    return jnp.abs(prediction - target)
