"""Look for the archive of the campaign."""

import os

import jax.numpy as jnp

for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    if "archive.db" in files:
        raise RuntimeError(f"BREACH {folder}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
