"""Give the result the memory of an argument, so that the core's own data change under it."""

ALIASED = f"%a: {T} {{tf.aliasing_output = 0 : i32}}, %b: {T} {{jax.buffer_donor = true}}"
answer(artifact(ALIASED, f"%r = stablehlo.add %a, %b : {T}"), VJP)
