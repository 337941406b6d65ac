"""Write to an argument through an allowed call that claims to work in place."""

CALL = f"""
%r = "stablehlo.custom_call"(%a) <{{call_target_name = "mhlo.erf", output_operand_aliases = [
  #stablehlo.output_operand_alias<output_tuple_indices = [], operand_index = 0,
  operand_tuple_indices = []>]}}> : ({T}) -> {T}
"""
answer(artifact(TWO, CALL), VJP)
