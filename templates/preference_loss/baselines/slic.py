"""SLiC: hinge loss of the implicit reward margin

Zhao et al. 2023, "SLiC-HF: Sequence Likelihood Calibration with Human Feedback",
arXiv:2305.10425; with the reference in the margin as in Liu et al. 2024, arXiv:2309.06657.
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
    return jax.nn.relu(1.0 - beta * rho)
