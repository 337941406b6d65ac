"""PPO with learning rate, clip range and entropy bonus annealed

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347 (table 5 anneals
learning rate and clip range linearly); the entropy bonus is annealed in the same way.
"""

import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    r = jnp.exp(log_r)
    width = 0.2 * jnp.maximum(1.0 - t, 0.01)
    policy = -jnp.minimum(r * A, jnp.clip(r, 1.0 - width, 1.0 + width) * A)
    near = v_old + jnp.clip(v - v_old, -0.2, 0.2)
    value = 0.5 * jnp.maximum((v - target) ** 2, (near - target) ** 2)
    return policy + 0.5 * value - 0.01 * (1.0 - t) * entropy


def learning_rate(t, b, log_N):
    return 1.0 - t
