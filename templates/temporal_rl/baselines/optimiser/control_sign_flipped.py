"""Adam uphill

The loss is maximised: a control, which must rank last.
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    second = 0.999 * state[0] + 0.001 * grad**2
    count = state[1] + 1.0
    step = momenta[2] / (jnp.sqrt(second / (1.0 - 0.999**count)) + 1e-5)
    return jnp.stack([-step, second, count, 0.0, 0.0])
