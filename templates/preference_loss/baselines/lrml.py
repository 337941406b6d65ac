"""LRML (DiscoPOP): logistic and exponential loss, mixed by the log-ratio itself

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (log-ratio modulated loss). x = beta rho and tau = 0.05; the gradient
flows through the mixture. At x = 0 it is rising.
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
    mixture = jax.nn.sigmoid(x / 0.05)
    logistic = -jax.nn.log_sigmoid(x)
    exponential = jnp.exp(-x)
    return (1.0 - mixture) * logistic + mixture * exponential
