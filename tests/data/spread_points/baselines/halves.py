"""Halving intervals, in van der Corput's order

van der Corput 1935.
"""


def place(count, seed):
    return [int(bin(i)[:1:-1], 2) / 2 ** (len(bin(i)) - 2) for i in range(count)]
