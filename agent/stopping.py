"""How work ends that somebody asked to stop: a campaign, a paper, a review."""

from __future__ import annotations

__all__ = ["StopRequestedError"]


class StopRequestedError(Exception):
    """Somebody asked to stop; everything done so far is in the archive."""
