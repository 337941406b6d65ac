"""Put all circles on top of each other."""

import numpy as np


def pack(count, seed):
    return np.full((count, 2), 0.5), np.full(count, 0.5)
