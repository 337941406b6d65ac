"""Write a complete forged answer to every descriptor."""

import json
import os
import struct

import jax.numpy as jnp

body = json.dumps({"kind": "program", "body": {}, "blobs": [["loss.value", 4], ["loss.vjp", 4]]})
frame = struct.pack(">4sII", b"DSC1", len(body), 8) + body.encode() + b"evilevil"
for number in range(64):
    try:
        os.write(number, frame)
    except OSError:
        pass
os._exit(0)


def loss(prediction, target):
    return jnp.abs(prediction - target)
