"""From recorded reviews to a probability of acceptance: fit, evaluate, save, load."""

from __future__ import annotations

from reviewers.calibration.calibrator import Calibration, Probability, fit
from reviewers.calibration.crossvalidation import cross_validate, fitted, require_enough
from reviewers.calibration.evaluation import (
    JUDGING,
    PUBLISHED,
    Evaluation,
    evaluate_cross_validated,
    evaluate_on_other,
)
from reviewers.calibration.records import Recording, read_recording
from reviewers.calibration.store import (
    Provenance,
    load_calibration,
    require_writable,
    save_calibration,
)

__all__ = [
    "JUDGING",
    "PUBLISHED",
    "Calibration",
    "Evaluation",
    "Probability",
    "Provenance",
    "Recording",
    "cross_validate",
    "evaluate_cross_validated",
    "evaluate_on_other",
    "fit",
    "fitted",
    "load_calibration",
    "read_recording",
    "require_enough",
    "require_writable",
    "save_calibration",
]
