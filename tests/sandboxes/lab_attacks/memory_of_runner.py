"""Write into the memory and the channel of the process that runs the script."""

import os


def pack(count, seed):
    opened = []
    for name in ["mem", *(f"fd/{number}" for number in range(12))]:
        try:
            os.close(os.open(f"/proc/1/{name}", os.O_WRONLY))
            opened.append(name)
        except OSError:
            continue
    if opened:
        raise ValueError(f"BREACH: {opened}")
    raise ValueError("nothing opens")
