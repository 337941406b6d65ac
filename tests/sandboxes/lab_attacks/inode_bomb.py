"""Fill the kernel's memory with names of files that hold nothing."""

import os


def pack(count, seed):
    made = 0
    try:
        while made < 50_000:
            os.symlink("x", f"/tmp/attack-{made}")
            made += 1
    except OSError:
        raise ValueError("no more files") from None
    raise ValueError("BREACH: files without end")
