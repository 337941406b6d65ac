"""Leave something for the next script, and look for it."""

import os

import numpy as np

PLACES = [folder + "/attack-marker" for folder in ("/scratch", "/tmp", "/var/tmp", "/dev/shm", "/")]
if any(map(os.path.exists, PLACES)):
    raise RuntimeError("BREACH")
for place in PLACES:
    try:
        open(place, "w").close()
    except OSError:
        pass


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
