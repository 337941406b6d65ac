"""Wait for ever for what the host never feeds."""

FEED = f"""
%t = stablehlo.create_token : !stablehlo.token
%r, %u = "stablehlo.infeed"(%t) : (!stablehlo.token) -> ({T}, !stablehlo.token)
"""
answer(artifact(TWO, FEED), VJP)
