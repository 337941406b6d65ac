"""Return integers."""

import jax.numpy as jnp


def loss(prediction, target):
    return (jnp.abs(prediction - target) * 10).astype(jnp.int32)
