"""Mark the shared memory that `shared_memory` looks for."""

import ctypes

import jax.numpy as jnp

libc = ctypes.CDLL(None, use_errno=True)
identifier = libc.shmget(0x5EC, 4096, 0o1666)
if identifier >= 0:
    libc.shmat.restype = ctypes.c_void_p
    address = libc.shmat(identifier, None, 0)
    if address not in (None, ctypes.c_void_p(-1).value):
        ctypes.memmove(address, b"marked", 6)


def loss(prediction, target):
    return jnp.abs(prediction - target)
