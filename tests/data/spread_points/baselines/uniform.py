"""Random points

No source: the obvious start.
"""

import numpy as np


def place(count, seed):
    return np.random.default_rng(seed).uniform(size=count)
