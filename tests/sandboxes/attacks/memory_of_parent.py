"""Write into the tracer's memory through /proc."""

import os

import jax.numpy as jnp

for pid in {1, os.getppid()} - {os.getpid(), 0}:
    try:
        with open(f"/proc/{pid}/mem", "r+b"):
            raise RuntimeError(f"BREACH memory of {pid}")
    except OSError:
        pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
