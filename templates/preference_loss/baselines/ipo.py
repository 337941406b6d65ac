"""IPO: squared distance of the log-ratio margin from 1 / (2 beta)

Azar et al. 2023, "A General Theoretical Paradigm to Understand Learning from Human Preferences",
arXiv:2310.12036.
"""


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
    return (rho - 1.0 / (2.0 * beta)) ** 2
