"""Start threads for ever."""

import threading
import time

import jax.numpy as jnp

try:
    while True:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
except RuntimeError:
    pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
