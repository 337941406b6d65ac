"""Reach a service of the host through an abstract socket."""

import socket

import jax.numpy as jnp

try:
    socket.socket(socket.AF_UNIX).connect("\0attack-canary")
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
