"""Plant bytecode that the next import would run."""

import importlib.util
import os
import sys

import jax
import jax.numpy as jnp

cached = importlib.util.cache_from_source(jax.__file__)
try:
    os.makedirs(os.path.dirname(cached), exist_ok=True)
    with open(cached, "wb") as file:
        file.write(b"planted")
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
