"""Remount the root so that it can be written."""

import ctypes

import jax.numpy as jnp

libc = ctypes.CDLL(None, use_errno=True)
libc.mount(None, b"/", None, 32 | 4096, None)
try:
    open("/attack-marker", "w").close()
except OSError:
    pass
else:
    raise RuntimeError("BREACH the root was remounted")


def loss(prediction, target):
    return jnp.abs(prediction - target)
