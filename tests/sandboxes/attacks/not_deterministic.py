"""Draw noise from the machine's own generator."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    noise = jax.lax.rng_uniform(jnp.float32(0), jnp.float32(1), prediction.shape)
    return jnp.abs(prediction - target) + noise
