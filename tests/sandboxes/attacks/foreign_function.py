"""Call a foreign function by name."""

import jax


def loss(prediction, target):
    shape = jax.ShapeDtypeStruct(prediction.shape, prediction.dtype)
    return jax.ffi.ffi_call("system", shape)(prediction, target)
