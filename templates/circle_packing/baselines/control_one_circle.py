"""One large circle and nothing else

Control: valid and bad.
"""

import numpy as np


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
