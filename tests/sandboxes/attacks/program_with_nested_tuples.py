"""Hide an array in tuples, nine hundred deep."""

DEEP = "tuple<" * 900 + T + ">" * 900
HIDDEN = f"func.func private @f(%x: {DEEP}) -> {DEEP} {{ return %x : {DEEP} }}"
MAKE = f"%s = stablehlo.tuple %a : tuple<{T}> %t = stablehlo.tuple %s : tuple<tuple<{T}>>"
answer(artifact(TWO, f"{MAKE} %r = stablehlo.add %a, %b : {T}", HIDDEN), VJP)
