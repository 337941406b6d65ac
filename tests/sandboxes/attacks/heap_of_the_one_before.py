"""Search this process's memory for the code of the candidate before (see test_attacks)."""

import ctypes

import jax.numpy as jnp

# In two parts, one of them backwards: the whole must not stand in this process's own memory.
START, REST = b"marker-of-another-", b"a3f7-etadidnac"


def search():
    found = []
    try:
        with open("/proc/self/maps") as maps:
            areas = [line.split() for line in maps]
    except OSError:
        areas = []
    for area in areas:
        low, high = (int(x, 16) for x in area[0].split("-"))
        own = len(area) == 5 or area[-1] == "[heap]"
        if not (own and area[1].startswith("rw")) or high - low > 2**28:
            continue
        for start in range(low, high, 2**20):
            content = ctypes.string_at(start, min(2**20 + 64, high - start))
            place = content.find(START)
            while place >= 0:
                after = content[place + len(START) : place + len(START) + len(REST)]
                if after[::-1] == REST:
                    found.append(content[place : place + 60])
                place = content.find(START, place + 1)
    return found


seen = search()
if seen:
    raise RuntimeError(f"BREACH: {seen[0]!r}")


def loss(prediction, target):
    return jnp.abs(prediction - target)
