"""Slow everything of the same user down, and look whether somebody did."""

import os
from pathlib import Path

import jax.numpy as jnp

if Path("/proc/1/stat").exists():
    try:
        nice = int(Path("/proc/1/stat").read_text().rpartition(")")[2].split()[16])
    except OSError:
        nice = 0
    if nice > 10:
        raise ValueError("BREACH: the tracer was slowed down")
for which in (os.PRIO_USER, os.PRIO_PGRP):
    try:
        os.setpriority(which, 0, 19)
    except OSError:
        continue
    raise ValueError("BREACH: the priority of others can be set")


def loss(prediction, target):
    return jnp.abs(prediction - target)
