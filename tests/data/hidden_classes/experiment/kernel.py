"""How much a point tells of another."""

import numpy as np

WIDTH = 0.8


def weights(asked, points):
    """Weights, [hidden, known]."""
    square = ((asked[:, None] - points[None]) ** 2).sum(-1)
    return np.exp(-square / (2 * WIDTH**2))
