"""Announce an answer of four gigabytes and send it."""

import os
import struct

import jax.numpy as jnp

try:
    os.write(3, struct.pack(">4sII", b"DSC1", 0xFFFFFFFF, 0xFFFFFFFF))
    while True:
        os.write(3, b"x" * 2**20)
except OSError:
    os._exit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
