"""Read the memory of the machine."""

import jax.numpy as jnp

for path in ("/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/vda", "/dev/sda"):
    try:
        open(path, "rb").read(64)
    except OSError:
        continue
    raise RuntimeError(f"BREACH {path}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
