"""A drift that puts noise in the advantage's place

The sign of each push has nothing to do with the advantage: a control, which must rank last.
"""

import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    return r * A - r * jnp.sin(1e4 * A)
