"""Gradient descent with momentum

Polyak 1964, "Some methods of speeding up the convergence of iteration methods"; decay .9, and a
learning rate of .1 (200 times the unit), since gradients are not scaled here.
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    return jnp.stack([200.0 * momenta[2], 0.0, 0.0, 0.0, 0.0])
