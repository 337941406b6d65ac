"""Answer with a number that Python refuses to read."""

import os
import struct

body = b'{"kind": "program", "body": {"a": ' + b"1" * 5000 + b'}, "blobs": []}'
os.write(3, struct.pack(">4sII", b"DSC1", len(body), 0) + body)
os._exit(0)
