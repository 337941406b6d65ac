"""Noise in the advantage's place

The sign of each push has nothing to do with the advantage: a control, which must rank last.
"""

import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    return -jnp.exp(log_r) * jnp.sin(1e4 * A) + 0.25 * (v - target) ** 2
