"""Read the machine's password hashes."""

import jax.numpy as jnp

try:
    content = open("/etc/shadow").read()
except OSError:
    content = ""
if "$" in content:
    raise RuntimeError("BREACH /etc/shadow")


def loss(prediction, target):
    return jnp.abs(prediction - target)
