"""RMSprop

Tieleman and Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5; decay .99 as A3C has
it (Mnih et al. 2016, arXiv:1602.01783), epsilon 1e-5, the average corrected for its start.
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    second = 0.99 * state[0] + 0.01 * grad**2
    count = state[1] + 1.0
    step = grad / (jnp.sqrt(second / (1.0 - 0.99**count)) + 1e-5)
    return jnp.stack([step, second, count, 0.0, 0.0])
