"""Adam with a linearly annealed learning rate

Kingma and Ba 2015, arXiv:1412.6980; annealed as in Schulman et al. 2017, "Proximal Policy
Optimization Algorithms", arXiv:1707.06347 (table 5).
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    second = 0.999 * state[0] + 0.001 * grad**2
    count = state[1] + 1.0
    corrected = second / (1.0 - 0.999**count)
    step = (1.0 - t) * momenta[2] / (jnp.sqrt(corrected) + 1e-5)
    return jnp.stack([step, second, count, 0.0, 0.0])
