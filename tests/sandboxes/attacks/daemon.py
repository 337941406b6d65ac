"""Leave a daemon behind that outlives the candidate."""

import os
import time

import jax.numpy as jnp

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(256):
            try:
                os.close(number)
            except OSError:
                pass
        time.sleep(1000)
    os._exit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
