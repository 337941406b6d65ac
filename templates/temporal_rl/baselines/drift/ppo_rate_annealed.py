"""PPO with a learning rate annealed to zero

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347; the linear decay
is among the details that Huang et al. 2022, "The 37 Implementation Details of Proximal Policy
Optimization", list as detail 4.
"""

import jax
import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    return jax.nn.relu((r - jnp.clip(r, 1.0 - eps, 1.0 + eps)) * A)


def learning_rate(t, b, log_N):
    return 1.0 - t
