"""Learning progress: tasks whose success changes, for better or worse

Kanitscheider et al. 2021, "Multi-task curriculum learning in a complex, visual, hard-exploration
domain: Minecraft", arXiv:2106.14876: two moving averages of success, reweighted so that changes at
low success count for more, apart by the learning progress; z-scores of it go through a sigmoid.
"""

import jax
import jax.numpy as jnp


def weights(success_fast, success_slow, counts, features):
    def reweighted(p):
        return 0.9 * p / (p + 0.1 * (1.0 - 2.0 * p))

    progress = jnp.abs(reweighted(success_fast) - reweighted(success_slow))
    drawn = (progress > 0.0) | (features[:, 5] > 0.0)
    count = jnp.maximum(drawn.sum(), 1)
    apart = jnp.where(drawn, progress - jnp.where(drawn, progress, 0.0).sum() / count, 0.0)
    deviation = jnp.sqrt(jnp.square(apart).sum() / count)
    score = apart / jnp.where(deviation > 0.0, deviation, 1.0)
    likely = jnp.where(drawn, jax.nn.sigmoid(score), 0.0)
    return jnp.where(drawn.any(), likely / jnp.maximum(likely.sum(), 1e-30), 1.0)
