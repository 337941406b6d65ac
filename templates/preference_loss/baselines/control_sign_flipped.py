"""Control: DPO with the preference turned round

Teaches the opposite of the preferences; it earns less than the reference.
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
    return -jax.nn.log_sigmoid(-beta * rho)
