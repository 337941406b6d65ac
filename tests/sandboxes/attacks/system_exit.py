"""Leave by SystemExit."""

import jax.numpy as jnp

raise SystemExit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
