"""Loop for ever inside the compiled program."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    def body(value):
        return value + jnp.sin(value) * 0

    start = jax.lax.stop_gradient(prediction)
    endless = jax.lax.while_loop(lambda value: (value == value).all(), body, start)
    return jnp.abs(prediction - target) + 0 * endless
