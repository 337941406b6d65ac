"""Be a file that is not quite text."""

import jax.numpy as jnp

# ���
x = '\x00'


def loss(prediction, target):
    return jnp.abs(prediction - target)
