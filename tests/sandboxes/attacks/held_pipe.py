"""Keep the answer's pipe open in a child, so that the tracer waits for ever."""

import os
import time

import jax.numpy as jnp

if os.fork() == 0:
    time.sleep(1000)
os._exit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
