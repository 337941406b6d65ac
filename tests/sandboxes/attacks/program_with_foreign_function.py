"""Call a function that only another library could define."""

CALL = f"%r = func.call @system(%a) : ({T}) -> {T}"
answer(artifact(TWO, CALL, f"func.func private @system({T}) -> {T}"), VJP)
