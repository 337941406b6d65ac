"""What a sampler is told of each task: facts read off its name, and how it stands.

Names are compared without any network: an embedding is the hashed trigrams of characters
(Weinberger et al. 2009, arXiv:0902.2206), clusters are k-means of these.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.omni.progress import Progress
from templates.omni.tasks import NUMBERS

__all__ = ["COLUMNS", "DONE", "Facts", "base_name", "embeddings", "facts_of", "features"]

COLUMNS = ("base", "times", "compound", "cluster", "similarity", "success", "t")
"""Columns of the argument ``features``."""

DONE = 0.5
"""Success from which on a task counts as done, for the column ``similarity``."""

CLUSTERS = 64
_DIMENSIONS = 256
_ITERATIONS = 30

Floats = NDArray[np.float32]


class Facts(NamedTuple):
    """What names say.

    Attributes:
        columns: The first four of `COLUMNS`, ``[tasks, 4]``.
        likeness: Cosine similarity of names, 0 for a name with itself, ``[tasks, tasks]``.
    """

    columns: Floats
    likeness: Floats


def base_name(name: str) -> str:
    """The name without words for numbers."""
    return " ".join(word for word in name.split() if word not in NUMBERS)


def embeddings(names: Sequence[str]) -> Floats:
    """Unit vectors ``[names, 256]``: trigrams of characters, hashed with a sign."""
    found = np.zeros((len(names), _DIMENSIONS), np.float32)
    for row, name in enumerate(names):
        padded = f" {name} "
        for start in range(len(padded) - 2):
            hashed = zlib.crc32(padded[start : start + 3].encode())
            found[row, hashed % _DIMENSIONS] += 1.0 if hashed & (1 << 20) else -1.0
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Floats = found / np.maximum(norms, 1e-6)
    return unit


@cache
def facts_of(names: tuple[str, ...]) -> Facts:
    """Facts of tasks with these names."""
    bases = [base_name(name) for name in names]
    numbers = {base: place for place, base in enumerate(dict.fromkeys(bases))}
    vectors = embeddings(names)
    columns = np.array(
        [
            [
                numbers[base],
                next((NUMBERS.index(word) + 2 for word in name.split() if word in NUMBERS), 1),
                float(bool(re.search(r"\band\b", name))),
                cluster,
            ]
            for name, base, cluster in zip(names, bases, _clusters(vectors), strict=True)
        ],
        np.float32,
    )
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, 0.0)
    return Facts(columns, likeness)


def _clusters(vectors: Floats) -> NDArray[np.int64]:
    """K-means; each centre starts where no other is near (Gonzalez 1985)."""
    chosen = [0]
    nearest = vectors @ vectors[0]
    for _ in range(min(CLUSTERS, len(vectors)) - 1):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    centres = vectors[chosen]
    for _ in range(_ITERATIONS):
        found = (vectors @ centres.T).argmax(axis=1)
        for place in range(len(centres)):
            own = vectors[found == place]
            if len(own):
                mean = own.mean(axis=0)
                centres[place] = mean / max(float(np.linalg.norm(mean)), 1e-6)
    assigned: NDArray[np.int64] = (vectors @ centres.T).argmax(axis=1)
    return assigned


def features(facts: Facts, progress: Progress, elapsed: jax.Array) -> jax.Array:
    """The argument ``features``.

    Args:
        facts: Of the names.
        progress: Of one agent, ``[tasks]`` each.
        elapsed: Share of training that is over, a scalar.

    Returns:
        ``[tasks, len(COLUMNS)]``.
    """
    done = progress.success >= DONE
    similarity = jnp.max(jnp.where(done[None], facts.likeness, 0.0), axis=1)
    told = [
        jnp.asarray(facts.columns),
        jnp.maximum(similarity, 0.0)[:, None],
        progress.success[:, None],
        jnp.full((progress.success.shape[0], 1), elapsed),
    ]
    return jnp.concatenate(told, axis=1)
