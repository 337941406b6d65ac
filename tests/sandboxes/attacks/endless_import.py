"""Never finish importing."""

import jax.numpy as jnp

while True:
    pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
