"""Leave a daemon that goes on for ever."""

import os
import time

import numpy as np

if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
    os._exit(0)


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
