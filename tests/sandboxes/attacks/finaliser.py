"""Report another score from a finaliser."""

import os

import jax.numpy as jnp

class Late:
    def __del__(self):
        try:
            os.write(3, b"DSC1garbage")
        except OSError:
            pass


late = Late()


def loss(prediction, target):
    return jnp.abs(prediction - target)
