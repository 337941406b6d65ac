"""Steps that have nothing to do with the gradient's direction

As large as Adam's: a control, which must rank last.
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    return jnp.stack([jnp.sin(1e7 * grad), 0.0, 0.0, 0.0, 0.0])
