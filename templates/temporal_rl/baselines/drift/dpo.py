"""DPO: the closed form of the drift that LPO learned

Lu et al. 2022, "Discovered Policy Optimisation", arXiv:2210.05639, section 5.3, with alpha = 2 and
beta = 0.6.
"""

import jax
import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    u = (r - 1.0) * A
    v = log_r * A
    gaining = jax.nn.relu(u - 2.0 * jnp.tanh(u / 2.0))
    losing = jax.nn.relu(v - 0.6 * jnp.tanh(v / 0.6))
    return jnp.where(A >= 0.0, gaining, losing)
