"""No step at all

The networks stay as they were drawn: a control, which must rank last.
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    return jnp.zeros(5) * grad
