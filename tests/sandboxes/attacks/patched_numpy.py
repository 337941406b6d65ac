"""Make jax.numpy lie."""

import jax.numpy as jnp

jnp.asarray = lambda *arguments, **keywords: 0.0
jnp.zeros = lambda *arguments, **keywords: 1.0


def loss(prediction, target):
    return jnp.abs(prediction - target)
