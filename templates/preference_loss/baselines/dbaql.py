"""DBAQL: logistic and exponential loss, mixed by the batch's variance

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (dynamic blended adaptive quantile loss). x = beta rho; the published
code standardises by tau = 0.05 and lets the gradient flow through the mixture.
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
    mixture = jax.nn.sigmoid(jnp.var(x / 0.05))
    logistic = -jax.nn.log_sigmoid(x / 0.9)
    exponential = jnp.exp(-0.9 * x)
    return mixture * logistic + (1.0 - mixture) * exponential
