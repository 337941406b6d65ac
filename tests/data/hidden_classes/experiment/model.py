"""The mean class of the points around."""

import numpy as np
from kernel import weights

FLOOR = 0.2


def predict(classes, seed, points, labels, asked):
    """Log-probabilities, [hidden, classes]."""
    near = weights(asked, points)
    counts = near @ np.eye(classes)[labels] + FLOOR
    return np.log(counts / counts.sum(1, keepdims=True))
