"""Control: pseudo-random slopes

Each response is pushed up or down by a hash of its reference log-probability, whatever was
preferred.
"""

import jax.numpy as jnp


def loss(
    policy_chosen_logps,
    policy_rejected_logps,
    reference_chosen_logps,
    reference_rejected_logps,
    beta,
):
    chosen = jnp.sin(1e3 * reference_chosen_logps)
    rejected = jnp.sin(1e3 * reference_rejected_logps + 1.0)
    return chosen * policy_chosen_logps + rejected * policy_rejected_logps + 0.0 * beta
