"""PPO: what clipping the ratio takes away

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347, eq. 7, written as
a drift as in Lu et al. 2022, arXiv:2210.05639, section 4.
"""

import jax
import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    return jax.nn.relu((r - jnp.clip(r, 1.0 - eps, 1.0 + eps)) * A)
