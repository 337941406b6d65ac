"""Reach the Docker engine."""

import socket

import jax.numpy as jnp

for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except OSError:
        continue
    raise RuntimeError(f"BREACH {path}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
