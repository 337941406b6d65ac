"""AQFL: logistic and hinge loss, mixed by the distance from the batch's own quantile

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (adaptive quantile feedback loss), with tau = 0.05. The standard
deviation is guarded where all margins are equal, as they are before the first update.
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
    scaled = x / 0.05
    spread = jnp.sqrt(jnp.var(scaled) + 1e-12)
    start = spread * jnp.mean(jax.nn.sigmoid(-scaled))
    quantile = start + 0.05 * (jax.nn.sigmoid(jnp.mean(scaled)) - start)
    mixture = jax.nn.sigmoid(0.1 * jnp.abs(scaled - quantile))
    logistic = -jax.nn.log_sigmoid(x)
    hinge = jax.nn.relu(1.0 - x)
    return mixture * logistic + (1.0 - mixture) * hinge
