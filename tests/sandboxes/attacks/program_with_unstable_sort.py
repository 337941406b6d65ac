"""Sort with a comparison that is no order, which reads beyond the array."""

FLAT = "tensor<64xf32>"
SORT = f"""
%f = stablehlo.reshape %a : ({T}) -> {FLAT}
%s = "stablehlo.sort"(%f) <{{dimension = 0 : i64, is_stable = false}}> ({{
^bb0(%x: tensor<f32>, %y: tensor<f32>):
  %t = stablehlo.compare NE, %x, %y : (tensor<f32>, tensor<f32>) -> tensor<i1>
  stablehlo.return %t : tensor<i1>
}}) : ({FLAT}) -> {FLAT}
%r = stablehlo.reshape %s : ({FLAT}) -> {T}
"""
answer(artifact(TWO, SORT), VJP)
