"""Adam, which trains PPO at the other levels

Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980, algorithm 1, with
epsilon = 1e-5 as usual for PPO (Huang et al. 2022, "The 37 Implementation Details of PPO").
"""

import jax.numpy as jnp


def update(grad, state, param, momenta, t, b, log_N):
    second = 0.999 * state[0] + 0.001 * grad**2
    count = state[1] + 1.0
    corrected = second / (1.0 - 0.999**count)
    step = momenta[2] / (jnp.sqrt(corrected) + 1e-5)
    return jnp.stack([step, second, count, 0.0, 0.0])
