"""Advantage actor-critic: no bound on the ratio

Mnih et al. 2016, "Asynchronous Methods for Deep Reinforcement Learning", arXiv:1602.01783; that
PPO without clipping is this objective is shown by Huang et al. 2022, arXiv:2205.09123.
"""

import jax.numpy as jnp


def loss(log_r, A, entropy, v, v_old, target, t, b, log_N):
    return -jnp.exp(log_r) * A + 0.25 * (v - target) ** 2 - 0.01 * entropy
