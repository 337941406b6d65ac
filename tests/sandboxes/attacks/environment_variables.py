"""Read API keys from the environment."""

import os

import jax.numpy as jnp

found = [name for name in os.environ if "KEY" in name or "TOKEN" in name]
if found:
    raise RuntimeError(f"BREACH {found}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
