"""Overlap by as little as verifiers with a tolerance forgive."""

import numpy as np


def pack(count, seed):
    centres, radii = np.full((count, 2), 0.5), np.zeros(count)
    centres[0], centres[1] = (0.25, 0.5), (0.75, 0.5)
    radii[:2] = 0.25 + 1e-7
    return centres, radii
