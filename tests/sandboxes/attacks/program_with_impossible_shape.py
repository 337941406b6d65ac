"""Hide a dimension that overflows everything beside one of zero."""

SHAPE = "tensor<9223372036854775807x0xf32>"
BODY = f"%i = stablehlo.iota dim = 0 : {SHAPE} %r = stablehlo.add %a, %b : {T}"
answer(artifact(TWO, BODY), VJP)
