"""Square grid, with a small circle in each gap

Textbook construction: the largest grid that the circles fill, then circles in its gaps.
"""

import numpy as np


def pack(count, seed):
    side = int(np.floor(np.sqrt(count)))
    radius = 0.5 / side
    line = radius + 2 * radius * np.arange(side)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    gaps = np.stack(np.meshgrid(line[:-1] + radius, line[:-1] + radius), axis=-1).reshape(-1, 2)
    extra = count - len(grid)
    centres = np.concatenate([grid, gaps[:extra]])
    radii = np.concatenate([np.full(len(grid), radius), np.full(extra, (2**0.5 - 1) * radius)])
    return centres, radii * (1 - 1e-12)
