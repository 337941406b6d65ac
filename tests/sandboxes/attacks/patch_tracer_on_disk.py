"""Change the tracer on disk."""

import sys

import jax.numpy as jnp

try:
    with open(sys.modules["sandboxes.protocol"].__file__, "a") as file:
        file.write("\nraise SystemExit\n")
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
