"""Print without end."""

import numpy as np

for _ in range(100):
    print('x' * 2**20)


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
