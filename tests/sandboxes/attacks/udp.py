"""Send a datagram to the local network."""

import socket

import jax.numpy as jnp

try:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.sendto(b"secret", ("198.51.100.7", 53))
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
