"""Make a device node of the machine's disk."""

import os
import stat

import jax.numpy as jnp

try:
    os.mknod("/scratch/disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0))
    open("/scratch/disk", "rb").read(512)
except OSError:
    pass
else:
    raise RuntimeError("BREACH")


def loss(prediction, target):
    return jnp.abs(prediction - target)
