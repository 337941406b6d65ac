"""Read the environment of every process that /proc shows."""

from pathlib import Path

import jax.numpy as jnp

for file in Path("/proc").glob("[0-9]*/environ"):
    try:
        if b"SECRET" in file.read_bytes():
            raise RuntimeError(f"BREACH {file}")
    except OSError:
        pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
