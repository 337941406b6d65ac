"""Fetch a better packing from somewhere."""

import socket

import numpy as np

try:
    socket.create_connection(('127.0.0.1', 80), timeout=0.2)
except OSError:
    pass
else:
    raise RuntimeError('BREACH')


def pack(count, seed):
    radii = np.zeros(count)
    radii[0] = 0.5
    return np.full((count, 2), 0.5), radii
