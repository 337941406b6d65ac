"""All points in one place

Control: valid and worthless.
"""

import numpy as np


def place(count, seed):
    return np.zeros(count)
