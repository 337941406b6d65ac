"""Return more circles than asked for."""

import numpy as np


def pack(count, seed):
    return np.full((count + 1, 2), 0.5), np.full(count + 1, 0.01)
