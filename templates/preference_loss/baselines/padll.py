"""PADLL: logistic loss, halved where the order is still wrong

Lu et al. 2024, "Discovering Preference Optimization Algorithms with and for Large Language
Models", arXiv:2406.08414 (performance adaptive decay logistic loss).
"""

import jax


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
    decay = 0.9 * (1.0 - 0.5 * (rho < 0.0))
    return decay * -jax.nn.log_sigmoid(beta * rho)
