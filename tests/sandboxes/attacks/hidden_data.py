"""Read the data that the candidate is scored on."""

import os

import jax.numpy as jnp

for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    if "reference.npz" in files:
        raise RuntimeError(f"BREACH {folder}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
