"""PPO with a learning rate annealed to zero

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347; the linear decay
is among the details that Huang et al. 2022, "The 37 Implementation Details of Proximal Policy
Optimization", list as detail 4.
"""

import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    r = jnp.exp(log_r)
    policy = -jnp.minimum(r * A, jnp.clip(r, 0.8, 1.2) * A)
    near = v_old + jnp.clip(v - v_old, -0.2, 0.2)
    value = 0.5 * jnp.maximum((v - target) ** 2, (near - target) ** 2)
    return policy + 0.5 * value - 0.01 * entropy


def learning_rate(t, b, log_N):
    return 1.0 - t
