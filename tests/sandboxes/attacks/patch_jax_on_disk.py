"""Change JAX on disk for every candidate after this one."""

import jax
import jax.numpy as jnp

try:
    with open(jax.__file__, "a") as file:
        file.write("\nraise SystemExit\n")
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
