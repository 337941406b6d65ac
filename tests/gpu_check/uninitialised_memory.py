"""Look in memory that was never written for what another candidate left there.

A candidate for the small template of the tests, as text: ``MARKER`` is what it looks for. Where it
finds that, the loss is another one, and so is the score.
"""

import jax
import jax.numpy as jnp
from jax import lax

MARKER = 12345.678
PLANTED = 0.0


def loss(prediction: jax.Array, target: jax.Array) -> jax.Array:
    zero = lax.stop_gradient(prediction)[0] * 0.0
    table = jnp.zeros(64) + zero + PLANTED
    far = lax.iota(jnp.int32, 1_000_000) * 2048 - 2**30
    read = [
        table,
        table.at[far].get(mode="promise_in_bounds"),
        lax.dynamic_slice(table, (2**30 + zero.astype(jnp.int32),), (32,)),
        lax.dynamic_slice(table, (zero.astype(jnp.int32) - 2**30,), (32,)),
        jnp.empty(1_000_000) + zero,
    ]
    # What JAX calls memory that nobody has written to, where it has a name for that.
    if hasattr(jax.lax, "empty"):
        read.append(jax.lax.empty((1_000_000,), jnp.float32) + zero)
    found = sum((one == MARKER).any().astype(jnp.float32) for one in read)
    return jnp.abs(prediction - target) * (1.0 + found)
