"""Have a part of the program run outside of the device."""

HOST = f"""
%r = stablehlo.add %a, %b
  {{mhlo.frontend_attributes = {{_xla_compute_type = "host"}}, mhlo.sharding = "{{replicated}}"}}
  : {T}
"""
answer(artifact(TWO, HOST), VJP)
