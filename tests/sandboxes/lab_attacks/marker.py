"""Leave something for the next script, and look for it."""

import os

import numpy as np

for folder in ('/scratch', '/tmp', '/var/tmp', '/dev/shm', '/'):
    if os.path.exists(folder + '/attack-marker'):
        raise RuntimeError('BREACH')
    try:
        open(folder + '/attack-marker', 'w').close()
    except OSError:
        pass


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
