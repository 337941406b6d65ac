"""PPO's surrogate turned round

The policy unlearns: a control, which must rank last.
"""

import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    return jnp.exp(log_r) * A + 0.25 * (v - target) ** 2
