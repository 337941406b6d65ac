"""Wait for other devices, of which there are none."""

SHIFT = f"""
%r = "stablehlo.collective_permute"(%a)
  <{{source_target_pairs = dense<[[0, 1], [1, 0]]> : tensor<2x2xi64>}}> : ({T}) -> {T}
"""
answer(artifact(TWO, SHIFT), VJP)
