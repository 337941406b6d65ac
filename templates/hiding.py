"""Randomness of the data that an experiment is scored against.

An experiment is told a seed, and it may know the source of its template. So what is hidden from it
must not follow from that seed: both come from the evaluation's seed by one-way functions, and the
evaluation's seed never enters the lab. A campaign adds a salt of its own, which is in no source and
no prompt: whoever knows the source and the campaign's seed, but not its archive, cannot
draw what is hidden.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

__all__ = ["hidden_generator", "lab_seed", "new_salt", "salted_seed"]

_SALT_BYTES = 16
_SEED_BYTES = 8


def hidden_generator(template: str, task: str, seed: int) -> np.random.Generator:
    """The generator of everything that a core draws for one task and seed.

    Args:
        template: Name of the template.
        task: Name of the task; another one draws other data.
        seed: Of the evaluation.
    """
    return np.random.default_rng(int.from_bytes(_hash("hidden", template, task, seed), "big"))


def new_salt() -> str:
    """A salt for one campaign, in hexadecimal digits: 128 bits that follow from nothing."""
    return secrets.token_hex(_SALT_BYTES)


def salted_seed(seed: int, salt: str | None) -> int:
    """The seed that a core draws hidden data from in the place of an evaluation's.

    Args:
        seed: Of the evaluation.
        salt: Of the campaign; None leaves the seed as it is.

    Returns:
        63 bits of BLAKE2b with the salt as its key; the same for the same seed and salt.
    """
    if salt is None:
        return seed
    keyed = hashlib.blake2b(str(seed).encode(), digest_size=_SEED_BYTES, key=salt.encode())
    return int.from_bytes(keyed.digest(), "big") >> 1


def lab_seed(template: str, task: str, seed: int) -> int:
    """What an experiment is given as ``seed``: 31 bits that tell nothing of the hidden data."""
    return int.from_bytes(_hash("lab", template, task, seed)[:4], "big") >> 1


def _hash(purpose: str, template: str, task: str, seed: int) -> bytes:
    text = "\0".join((purpose, template, task, str(seed)))
    # Slow on purpose: a seed that is guessed in the lab costs the experiment its time.
    return hashlib.scrypt(text.encode(), salt=b"discovery-agent", n=2**14, r=8, p=1)
