"""One large circle and nothing else

Control: valid and bad.
"""

import numpy as np


def pack(count, seed):
    centres, radii = np.zeros((count, 2)), np.zeros(count)
    centres[0], radii[0] = 0.5, 0.5
    return centres, radii
