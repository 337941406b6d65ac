"""Control: constant

Teaches nothing; its frontier is the reference alone.
"""

import jax.numpy as jnp


def loss(
    policy_chosen_logps,
    policy_rejected_logps,
    reference_chosen_logps,
    reference_rejected_logps,
    beta,
):
    return jnp.ones_like(policy_chosen_logps)
