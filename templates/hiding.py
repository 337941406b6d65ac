"""Randomness of the data that an experiment is scored against.

An experiment is told a seed, and it may know the source of its template. So what is hidden from it
must not follow from that seed: both come from the evaluation's seed by one-way functions, and the
evaluation's seed never enters the lab.
"""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["hidden_generator", "lab_seed"]


def hidden_generator(template: str, task: str, seed: int) -> np.random.Generator:
    """The generator of everything that a core draws for one task and seed.

    Args:
        template: Name of the template.
        task: Name of the task; another one draws other data.
        seed: Of the evaluation.
    """
    return np.random.default_rng(int.from_bytes(_hash("hidden", template, task, seed), "big"))


def lab_seed(template: str, task: str, seed: int) -> int:
    """What an experiment is given as ``seed``: 31 bits that tell nothing of the hidden data."""
    return int.from_bytes(_hash("lab", template, task, seed)[:4], "big") >> 1


def _hash(purpose: str, template: str, task: str, seed: int) -> bytes:
    text = "\0".join((purpose, template, task, str(seed)))
    # Slow on purpose: a seed that is guessed in the lab costs the experiment its time.
    return hashlib.scrypt(text.encode(), salt=b"discovery-agent", n=2**14, r=8, p=1)
