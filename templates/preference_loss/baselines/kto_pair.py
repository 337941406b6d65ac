"""KTO (paired): each response against the batch's mean log-ratio of the other kind

Ethayarajh et al. 2024, "KTO: Model Alignment as Prospect Theoretic Optimization",
arXiv:2402.01306. The paired form of a batch that holds as many chosen as rejected responses. The
KL estimates are batch means clamped at 0, and no gradient flows through them. The two terms of a
pair are averaged.
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
    chosen = policy_chosen_logps - reference_chosen_logps
    rejected = policy_rejected_logps - reference_rejected_logps
    kl_chosen = jax.lax.stop_gradient(jax.nn.relu(jnp.mean(chosen)))
    kl_rejected = jax.lax.stop_gradient(jax.nn.relu(jnp.mean(rejected)))
    wins = 1.0 - jax.nn.sigmoid(beta * (chosen - kl_rejected))
    losses = 1.0 - jax.nn.sigmoid(beta * (kl_chosen - rejected))
    return 0.5 * (wins + losses)
