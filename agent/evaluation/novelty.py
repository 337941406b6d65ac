"""Which earlier function a program equals, by fingerprint."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

__all__ = ["FingerprintIndex"]

# Largest distance of a component's unit vectors that still counts as the same function. Equal
# formulas written differently stay below 1e-4 in float32; PADLL and DPO differ by .3.
TOLERANCE = 2e-3


class FingerprintIndex:
    """Fingerprints in the order in which they were added, compared all at once."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._vectors: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._lock = threading.Lock()

    def add(self, name: str, fingerprint: str) -> None:
        """Add a fingerprint under a name."""
        vector = _vector(fingerprint)
        with self._lock:
            if not self._names:
                self._vectors = np.empty((0, vector.size), np.float32)
            self._names.append(name)
            self._vectors = np.vstack([self._vectors, vector[None]])

    def find(self, fingerprint: str) -> str | None:
        """The earliest name whose fingerprint equals this one up to rounding, or None."""
        vector = _vector(fingerprint)
        with self._lock:
            if not self._names or vector.size != self._vectors.shape[1]:
                return None
            largest = np.abs(self._vectors - vector).max(axis=1)
            close = np.flatnonzero(largest < TOLERANCE)
            return self._names[int(close[0])] if close.size else None


def _vector(fingerprint: str) -> NDArray[np.float32]:
    return np.frombuffer(bytes.fromhex(fingerprint), dtype=np.float32)
