"""DPO: the closed form of the drift that LPO learned, with PPO's critic and entropy bonus

Lu et al. 2022, "Discovered Policy Optimisation", arXiv:2210.05639, section 5.3, with alpha = 2 and
beta = 0.6.
"""

import jax
import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    r = jnp.exp(log_r)
    x, y = (r - 1.0) * A, log_r * A
    gaining = jax.nn.relu(x - 2.0 * jnp.tanh(x / 2.0))
    losing = jax.nn.relu(y - 0.6 * jnp.tanh(y / 0.6))
    policy = jnp.where(A >= 0.0, gaining, losing) - r * A
    near = v_old + jnp.clip(v - v_old, -0.2, 0.2)
    value = 0.5 * jnp.maximum((v - target) ** 2, (near - target) ** 2)
    return policy + 0.5 * value - 0.01 * entropy
