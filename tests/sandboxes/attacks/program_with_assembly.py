"""Send the program as text, which the compiler would read as well."""

TEXT = f"module {{ func.func public @main({TWO}) -> {T} {{ return %a : {T} }} }}"
answer(TEXT.encode(), VJP)
