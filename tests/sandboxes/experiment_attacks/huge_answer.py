"""Answer with more than anybody wants to read."""

import numpy as np


def predict(classes, seed, points, labels, asked):
    return np.zeros((1000, 3000))
