"""What attacks on the verifier begin with: a candidate that writes its own program.

This text is put in front of the attacks named ``program_with_*``; it runs where candidates run.
"""

import json
import os
import struct

from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo
from jax.interpreters import mlir

T = "tensor<2x32xf32>"


def artifact(arguments, body, before=""):
    main = f"func.func public @main({arguments}) -> {T} {{ {body} return %r : {T} }}"
    text = f"module {{ {before} {main} }}"
    with mlir.make_ir_context() as context, ir.Location.unknown(context):
        module = ir.Module.parse(text)
        version = stablehlo.get_current_version()
        try:
            return stablehlo.serialize_portable_artifact(module, version)
        except TypeError:
            return stablehlo.serialize_portable_artifact(module.operation, version)


def answer(value, vjp):
    blobs = {"loss.value": value, "loss.vjp": vjp}
    envelope = {"kind": "program", "body": {}, "blobs": [[n, len(b)] for n, b in blobs.items()]}
    body = json.dumps(envelope).encode()
    data = b"".join(blobs.values())
    os.write(3, struct.pack(">4sII", b"DSC1", len(body), len(data)) + body + data)
    os._exit(0)


TWO = f"%a: {T}, %b: {T}"
VJP = artifact(f"{TWO}, %c: {T}", f"%r = stablehlo.multiply %a, %c : {T}")
