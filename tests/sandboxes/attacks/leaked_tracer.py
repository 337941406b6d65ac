"""Keep a tracer and use it in the next trace."""

import jax.numpy as jnp

kept = []


def loss(prediction, target):
    kept.append(prediction)
    return jnp.abs(kept[0] - target)
