"""Define functions that call each other for ever, where nobody calls them."""

BODY = f"return %r : {T} }}"
PAIR = (
    f"func.func private @f(%x: {T}) -> {T} {{ %r = func.call @g(%x) : ({T}) -> {T} {BODY}\n"
    f"func.func private @g(%x: {T}) -> {T} {{ %r = func.call @f(%x) : ({T}) -> {T} {BODY}"
)
answer(artifact(TWO, f"%r = stablehlo.add %a, %b : {T}", PAIR), VJP)
