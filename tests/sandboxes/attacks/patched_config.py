"""Switch JAX to another precision and its debugging modes."""

import jax
import jax.numpy as jnp

for name in ("jax_enable_x64", "jax_debug_nans", "jax_disable_jit"):
    try:
        jax.config.update(name, True)
    except Exception:
        pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
