"""Leave something for the next run, and look for it."""

import os

import numpy as np

PLACES = [folder + "/attack-marker" for folder in ("/scratch", "/tmp", "/var/tmp", "/dev/shm", "/")]
PLACES += ["attack-marker", "inputs/attack-marker", "experiment/attack-marker"]
if any(map(os.path.exists, PLACES)):
    raise RuntimeError("BREACH")
for place in PLACES:
    try:
        open(place, "w").close()
    except OSError:
        pass


def predict(classes, seed, points, labels, asked):
    return np.full((len(asked), classes), -np.log(classes))
