"""Open a raw socket."""

import socket

import jax.numpy as jnp

try:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
except OSError:
    pass
else:
    interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
    if interfaces:
        raise RuntimeError(f"BREACH {interfaces}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
