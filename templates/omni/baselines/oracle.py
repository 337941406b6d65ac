"""Oracle: learning progress on the fifteen tasks that a person finds interesting

The oracle of OMNI (Zhang et al. 2023, arXiv:2306.01711): the fifteen tasks of the technology tree
count whole, all others a thousandth. It is told where they stand, which no argument says.
"""

import jax
import jax.numpy as jnp

# By the number of tasks.
PLACES = {
    512: (13, 18, 19, 79, 139, 165, 269, 294, 338, 357, 372, 427, 450, 464, 496),
    1151: (100, 148, 172, 190, 301, 350, 387, 460, 499, 518, 977, 1030, 1109, 1120, 1125),
}


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
    likely = jnp.where(drawn.any(), likely, 1.0)
    chosen = jnp.array(PLACES[success_fast.shape[0]])
    interesting = jnp.zeros(success_fast.shape, bool).at[chosen].set(True)
    return likely * jnp.where(interesting, 1.0, 0.001)
