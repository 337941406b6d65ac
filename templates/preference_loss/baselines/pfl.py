"""PFL: logistic loss where the policy prefers the chosen response, else the hinge loss

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (policy focused loss). "Prefers" compares the policy's own log-
probabilities, without the reference; tau = 0.05.
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
    x = beta * rho / 0.05
    logistic = -jax.nn.log_sigmoid(x)
    hinge = jax.nn.relu(1.0 - x)
    focused = policy_chosen_logps > policy_rejected_logps
    return jnp.where(focused, 0.5 * logistic, 2.0 * hinge)
