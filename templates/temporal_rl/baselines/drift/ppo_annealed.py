"""PPO with learning rate, clip range and entropy bonus annealed

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347 (table 5 anneals
learning rate and clip range linearly); the entropy bonus is annealed in the same way.
"""

import jax
import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    width = eps * jnp.maximum(1.0 - t, 0.01)
    return jax.nn.relu((r - jnp.clip(r, 1.0 - width, 1.0 + width)) * A)


def learning_rate(t, b, log_N):
    return 1.0 - t


def entropy_weight(t, b, log_N):
    return 1.0 - t
