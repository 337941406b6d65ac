"""Balance a huge radius with negative ones."""

import numpy as np


def pack(count, seed):
    radii = np.full(count, -1.0)
    radii[0] = 100.0
    return np.full((count, 2), 0.5), radii
