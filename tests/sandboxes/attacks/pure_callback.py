"""Call back into Python from the compiled program."""

import jax
import numpy as np


def loss(prediction, target):
    shape = jax.ShapeDtypeStruct(prediction.shape, prediction.dtype)
    return jax.pure_callback(lambda x, y: np.abs(x - y), shape, prediction, target)
