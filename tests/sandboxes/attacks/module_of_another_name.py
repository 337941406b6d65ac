"""Send a module whose name no message can hold."""

import os
import struct

body = b'{"kind": "program", "body": {}, "blobs": [["\\ud800", 4]]}'
os.write(3, struct.pack(">4sII", b"DSC1", len(body), 4) + body + b"evil")
os._exit(0)
