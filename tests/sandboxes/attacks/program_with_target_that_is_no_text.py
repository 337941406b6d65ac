"""Call a function whose name is no text."""

CALL = f"%r = stablehlo.custom_call @XXXXYYYY(%a) : ({T}) -> {T}"
answer(artifact(TWO, CALL).replace(b"XXXXYYYY", b"\xff\xfe" * 4), VJP)
