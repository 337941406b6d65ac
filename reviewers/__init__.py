"""Reviewers: is a candidate new, sound and honest? They see plain data, never a live sandbox."""

from __future__ import annotations

from reviewers.contract import (
    NOTHING_TO_OBJECT,
    CodeReviewer,
    Finding,
    Measured,
    Review,
    Severity,
    Subject,
    Verdict,
)

__all__ = [
    "NOTHING_TO_OBJECT",
    "CodeReviewer",
    "Finding",
    "Measured",
    "Review",
    "Severity",
    "Subject",
    "Verdict",
]
