"""Give NaN wherever the prediction is right."""

import jax.numpy as jnp


def loss(prediction, target):
    return jnp.log(jnp.abs(prediction - target) - 1)
