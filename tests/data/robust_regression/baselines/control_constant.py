"""Control: no signal at all.

A loss whose gradient is zero everywhere.
"""

import jax.numpy as jnp


def loss(prediction, target):
    return jnp.zeros_like(prediction) + 1.0
