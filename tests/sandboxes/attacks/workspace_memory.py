"""Make a convolution ask for memory that no array of the program shows."""

import jax
import jax.numpy as jnp


def loss(prediction, target):
    seed = jax.lax.stop_gradient(prediction)[0]
    image = jnp.sin(jax.lax.iota(jnp.float32, 1024 * 1024) + seed).reshape(1, 1, 1024, 1024)
    kernel = jnp.cos(jax.lax.iota(jnp.float32, 512 * 512) * seed).reshape(1, 1, 512, 512)
    found = jax.lax.conv_general_dilated(image, kernel, (1, 1), "SAME")
    return jnp.abs(prediction - target) * (1 + 1e-9 * found[0, 0, 0, :1])
