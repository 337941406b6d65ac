"""CELL: logistic and exponential loss in equal parts

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (combined exponential and logistic loss).
"""

import jax
import jax.numpy as jnp


def loss(
    policy_chosen_logps,
    policy_rejected_logps,
    reference_chosen_logps,
    reference_rejected_logps,
    beta,
):
    rho = (policy_chosen_logps - reference_chosen_logps) - (
        policy_rejected_logps - reference_rejected_logps
    )
    x = beta * rho
    return 0.5 * -jax.nn.log_sigmoid(x) + 0.5 * jnp.exp(-x)
