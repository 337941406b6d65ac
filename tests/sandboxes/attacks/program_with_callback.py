"""Call the runtime's Python callback by its name, past everything that JAX would check."""

CALL = f"""
%r = "stablehlo.custom_call"(%a) <{{call_target_name = "xla_ffi_python_cpu_callback",
  api_version = 4 : i32, backend_config = {{index = 0 : ui64}}, has_side_effect = true}}>
  : ({T}) -> {T}
"""
answer(artifact(TWO, CALL), VJP)
