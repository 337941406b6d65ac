"""Connect to an address that is not on this machine."""

import socket

import jax.numpy as jnp

try:
    socket.create_connection(("192.0.2.1", 80), timeout=0.3).close()
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
