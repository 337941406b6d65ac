"""Make the compiler itself take for ever."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    value = prediction - target
    for step in range(300):
        value = jax.lax.cond(value.sum() > step, jnp.sin, jnp.cos, value)
        value = jax.lax.fori_loop(0, 3, lambda i, v: jnp.sort(v) + i, value)
    return value
