"""Survive the timeout with a grandchild that ignores signals."""

import os
import signal
import time

import jax.numpy as jnp

if os.fork() == 0:
    os.setsid()
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    time.sleep(1000)
while True:
    pass


def loss(prediction, target):
    return jnp.abs(prediction - target)
