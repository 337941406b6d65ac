"""Talk to other devices with a collective."""

import jax


def loss(prediction, target):
    return jax.lax.psum(prediction - target, "batch")
