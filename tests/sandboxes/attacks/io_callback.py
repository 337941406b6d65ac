"""Call back with side effects from the compiled program."""

import jax


def loss(prediction, target):
    from jax.experimental import io_callback

    shape = jax.ShapeDtypeStruct(prediction.shape, prediction.dtype)
    return io_callback(lambda x, y: abs(x - y), shape, prediction, target)
