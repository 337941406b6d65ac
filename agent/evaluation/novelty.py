"""Which earlier candidate a program equals, by its code or by what it does."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

__all__ = ["NoveltyIndex"]

# Largest distance of a component's unit vectors that still counts as the same function. Equal
# formulas written differently stay below 1e-4 in float32; PADLL and DPO differ by .3.
TOLERANCE = 2e-3


class NoveltyIndex:
    """What is known, in the order in which it was added, compared all at once.

    Programs are equal if their code is (by its normalized digest), or if they do the same on the
    probes (by their fingerprint); scripts have no probes, so only their code is compared.
    """

    def __init__(self) -> None:
        self._by_digest: dict[str, str] = {}
        self._names: list[str] = []
        self._vectors: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._lock = threading.Lock()

    def add(self, name: str, digest: str, fingerprint: str | None) -> None:
        """Add a program under a name.

        Args:
            name: How it is called when something equals it.
            digest: `Inspection.digest`.
            fingerprint: `Inspection.fingerprint`.
        """
        with self._lock:
            self._by_digest.setdefault(digest, name)
            if fingerprint is None:
                return
            vector = _vector(fingerprint)
            if not self._names:
                self._vectors = np.empty((0, vector.size), np.float32)
            self._names.append(name)
            self._vectors = np.vstack([self._vectors, vector[None]])

    def find(self, digest: str, fingerprint: str | None) -> str | None:
        """The earliest name of equal code, else of a fingerprint equal up to rounding, or None."""
        with self._lock:
            if digest in self._by_digest:
                return self._by_digest[digest]
            if fingerprint is None or not self._names:
                return None
            vector = _vector(fingerprint)
            if vector.size != self._vectors.shape[1]:
                return None
            largest = np.abs(self._vectors - vector).max(axis=1)
            close = np.flatnonzero(largest < TOLERANCE)
            return self._names[int(close[0])] if close.size else None


def _vector(fingerprint: str) -> NDArray[np.float32]:
    return np.frombuffer(bytes.fromhex(fingerprint), dtype=np.float32)
