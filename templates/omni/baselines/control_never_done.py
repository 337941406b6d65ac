"""Control: only tasks that were never done

A control, not from the literature: what the agent has never done is mostly impossible, so nothing
is ever rewarded.
"""

import jax.numpy as jnp


def weights(success_fast, success_slow, counts, features):
    return jnp.where(features[:, 5] > 0.0, 0.0, 1.0)
