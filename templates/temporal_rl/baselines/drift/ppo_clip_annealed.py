"""PPO with a clip range that shrinks to nothing

Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv:1707.06347: in the Atari
experiments (table 5) the clip range is annealed linearly. Here it ends at a hundredth of epsilon.
"""

import jax
import jax.numpy as jnp


def drift(r, log_r, A, t, log_N, eps):
    width = eps * jnp.maximum(1.0 - t, 0.01)
    return jax.nn.relu((r - jnp.clip(r, 1.0 - width, 1.0 + width)) * A)
