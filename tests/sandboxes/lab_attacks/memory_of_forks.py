"""Take more memory together than one process may."""

import os
import time


def pack(count, seed):
    for _ in range(3):
        if os.fork() == 0:
            kept = b"x" * (600 * 2**20)
            time.sleep(2)
            os._exit(len(kept) % 2)
    time.sleep(1.5)
    resident = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/statm") as file:
                    resident += int(file.read().split()[1]) * 4096
            except OSError:
                continue
    if resident > 1.3 * 2**30:
        raise ValueError("BREACH: more memory than was allowed")
    centres, radii = [[0.5, 0.5]] * count, [0.0] * count
    return centres, radii
