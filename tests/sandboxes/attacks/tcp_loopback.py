"""Connect to services of this machine."""

import socket

import jax.numpy as jnp

for port in (22, 80, 443, 2375, 5432, 8080):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        continue
    raise RuntimeError(f"BREACH port {port}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
