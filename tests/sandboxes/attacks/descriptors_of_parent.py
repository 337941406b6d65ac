"""Open the tracer's pipes through /proc."""

import os

import jax.numpy as jnp

for pid in {1, os.getppid()} - {os.getpid(), 0}:
    for number in range(16):
        try:
            handle = os.open(f"/proc/{pid}/fd/{number}", os.O_WRONLY)
        except OSError:
            continue
        if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("/dev/null"):
            raise RuntimeError(f"BREACH descriptor {number} of {pid}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
