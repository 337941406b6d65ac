"""Lie through a forward-mode rule."""

import jax
import jax.numpy as jnp

@jax.custom_jvp
def lie(error):
    return error * 0


@lie.defjvp
def _(primals, tangents):
    return primals[0] * 0, tangents[0] * jnp.sign(primals[0])


def loss(prediction, target):
    return lie(prediction - target)
