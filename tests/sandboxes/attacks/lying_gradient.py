"""Train on one function and be judged by another."""

import jax
import jax.numpy as jnp

@jax.custom_vjp
def lie(error):
    return jnp.abs(error)


lie.defvjp(lambda error: (jnp.abs(error), error), lambda error, given: (given * jnp.tanh(error),))


def loss(prediction, target):
    return lie(prediction - target)
