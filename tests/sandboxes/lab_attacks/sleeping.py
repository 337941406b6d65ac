"""Sleep past the deadline."""

import time


def pack(count, seed):
    time.sleep(10_000)
