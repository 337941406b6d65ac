"""Open an accelerator's device files while tracing."""

import glob

import jax.numpy as jnp

for pattern in ("/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/kfd", "/dev/dri/*", "/dev/accel*"):
    for path in glob.glob(pattern):
        try:
            open(path, "rb", buffering=0)
        except OSError:
            continue
        raise RuntimeError(f"BREACH {path}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
