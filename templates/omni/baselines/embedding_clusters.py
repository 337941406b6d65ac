"""Learning progress with clusters: what is in a cluster with a task done better is boring

A model of interestingness without a language model, as an ablation of OMNI (Zhang et al. 2023,
arXiv:2306.01711): the same procedure, but alike are names in one cluster (k-means of hashed
trigrams of characters). Weights by learning progress (Kanitscheider et al. 2021, arXiv:2106.14876).
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
    likely = jnp.where(drawn.any(), likely, 1.0)
    cluster = features[:, 3]
    success = features[:, 5]
    place = jnp.arange(success.shape[0])
    alike = cluster[:, None] == cluster[None]
    ahead = (success[None] > success[:, None]) | (
        (success[None] == success[:, None]) & (place[None] < place[:, None])
    )
    boring = (alike & ahead).any(axis=1)
    return likely * jnp.where(boring, 0.001, 1.0)
