"""Replace jax.export before the tracer uses it."""

import jax.export
import jax.numpy as jnp

def forged(*arguments, **keywords):
    raise RuntimeError("forged")


jax.export.export = forged


def loss(prediction, target):
    return jnp.abs(prediction - target)
