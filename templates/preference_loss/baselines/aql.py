"""AQL: logistic and hinge loss, mixed by the distance from a moving quantile

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (adaptive quantile loss), at the start of its moving average, m = 0.5,
with tau = 0.05.
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
    tau = 0.05
    quantile = 0.5 + 0.01 * (jax.nn.sigmoid(jnp.mean(x / tau)) - 0.5)
    mixture = jax.nn.sigmoid(tau * quantile - x)
    logistic = -jax.nn.log_sigmoid(x)
    hinge = jax.nn.relu(1.0 - x)
    return mixture * logistic + (1.0 - mixture) * hinge
