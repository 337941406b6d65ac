"""What a calibration is worth: it beside every reviewer alone, and beside what costs nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewers.calibration.calibrator import Calibration
from reviewers.calibration.crossvalidation import COMBINATION, CrossValidated, require_enough
from reviewers.calibration.discrimination import Discrimination, Interval, Judged, discriminate
from reviewers.calibration.folds import area, best_level
from reviewers.calibration.records import Recording

__all__ = ["JUDGING", "PUBLISHED", "Evaluation", "evaluate_cross_validated", "evaluate_on_other"]

JUDGING = "judging"
"""What `evaluate_on_other` wants papers for, in messages."""

PUBLISHED = {
    "source": "Lu et al. 2024, The AI Scientist (arXiv 2408.06292), 500 papers of ICLR 2022",
    "auc": 0.691,
    "balanced_accuracy": 0.651,
    "always_reject_accuracy": 0.632,
    "leak_accuracy": 0.996,
}
"""One reviewer's overall rating, thresholded at 6, recomputed from the published reviews.

The leak is the line under the title: authors are anonymous in the texts of rejected papers only, so
whoever reads "Anonymous authors" knows the decision of nearly every paper.
"""

_LEAK, _HUMAN = "leak", "human_ratings"


@dataclass(frozen=True)
class Evaluation:
    """How well a combination of reviewers does, with everything to compare it with.

    Args:
        kind: ``cross-validated``, or ``apart`` for papers of another file.
        papers: How many papers were judged.
        accepted: How many of them were accepted.
        combination: How well the combination does.
        reviewers: How well each reviewer's overall rating does alone.
        best: The reviewer with the largest area: among the papers judged where cross-validated, in
            hindsight and so in its own favour; else among those of the calibration.
        brier: Mean squared error of the combination's probabilities.
        brier_of_base_rate: The same of the share of accepted papers, said of every paper.
        leak: How well the anonymity of the text does; None where the file does not tell.
        human: How well the mean human rating does; None where the file does not tell.
        chosen: How often each method was chosen.
        shared_papers: How many of the papers judged were also fitted to, in another file.
        notes: What a reader must know.
    """

    kind: str
    papers: int
    accepted: int
    combination: Discrimination
    reviewers: dict[str, Discrimination]
    best: str
    brier: float
    brier_of_base_rate: float
    leak: Discrimination | None
    human: Discrimination | None
    chosen: dict[str, int]
    shared_papers: int = 0
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """One plain object; every value has its interval beside it."""
        best = self.reviewers[self.best]
        return {
            "kind": self.kind,
            "papers": self.papers,
            "accepted": self.accepted,
            **_described(self.combination),
            "brier": self.brier,
            "brier_of_base_rate": self.brier_of_base_rate,
            "reviewers": {name: _described(one) for name, one in self.reviewers.items()},
            "best_reviewer": self.best,
            "gain_over_best_reviewer": {
                **_value("auc", best.auc_behind),
                **_value("balanced_accuracy", best.balanced_accuracy_behind),
            },
            "baselines": {
                "always_reject": {
                    "auc": 0.5,
                    "balanced_accuracy": 0.5,
                    "accuracy": 1 - self.accepted / self.papers,
                },
                _LEAK: self.leak and _described(self.leak),
                _HUMAN: self.human and _described(self.human),
            },
            "published": PUBLISHED,
            "chosen": self.chosen,
            "shared_papers": self.shared_papers,
            "notes": list(self.notes),
        }


def _described(one: Discrimination) -> dict[str, Any]:
    behind = {}
    if one.auc_behind is not None:
        behind = {
            "combination_ahead": {
                **_value("auc", one.auc_behind),
                **_value("balanced_accuracy", one.balanced_accuracy_behind),
            }
        }
    return {
        "papers": one.papers,
        **_value("auc", one.auc),
        **_value("balanced_accuracy", one.balanced_accuracy),
        **behind,
    }


def _value(name: str, interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {name: None, f"{name}_interval": None}
    bounds = asdict(interval)
    return {name: bounds.pop("value"), f"{name}_interval": bounds}


def evaluate_cross_validated(
    recording: Recording, found: CrossValidated, *, seed: int
) -> Evaluation:
    """From cross-validated judgements to an evaluation.

    Args:
        recording: The papers.
        found: The judgements.
        seed: Of the resampling.
    """
    return _evaluation(
        "cross-validated", recording, found.judges, found.probability, found.chosen, None, seed
    )


def evaluate_on_other(
    calibration: Calibration, fitted_to: Recording | None, other: Recording, *, seed: int
) -> Evaluation:
    """How well a calibration does on the papers of another file.

    Args:
        calibration: It.
        fitted_to: What it was fitted to, where that is at hand: thresholds of single reviewers and
            the best of them come from there. Without it they are chosen on the papers judged, which
            favours the single reviewers, and a note says so.
        other: The papers judged.
        seed: Of the resampling.

    Raises:
        UserError: The other file has a reviewer that the calibration does not know, or too few
            papers of an outcome for an interval.
    """
    scores = calibration.align(other)
    require_enough(other, JUDGING)
    odds = calibration.log_odds(scores)
    probability = calibration.probabilities(scores)
    judges = {COMBINATION: Judged(odds[None], (probability >= calibration.threshold)[None])}
    source = other if fitted_to is None else fitted_to
    for name in other.reviewers:
        overall = other.overall(name)
        level = best_level(source.overall(name), source.accepted)
        judges[name] = Judged(overall[None], (overall >= level)[None])
    chosen = {calibration.method.name: 1}
    return _evaluation("apart", other, judges, probability[None], chosen, fitted_to, seed)


def _evaluation(
    kind: str,
    recording: Recording,
    judges: dict[str, Judged],
    probability: NDArray[np.float64],
    chosen: dict[str, int],
    fitted_to: Recording | None,
    seed: int,
) -> Evaluation:
    outside = {}
    for name, values in ((_LEAK, -recording.anonymous), (_HUMAN, recording.human)):
        if not np.isnan(values).any():
            cut = -0.5 if name == _LEAK else 6.0  # A human rating of 6 says: above the threshold.
            outside[name] = Judged(values[None], (values >= cut)[None])
    found = discriminate({**judges, **outside}, recording.accepted, leader=COMBINATION, seed=seed)
    notes = []
    single = {name: found[name] for name in judges if name != COMBINATION}
    areas = {name: one.auc.value for name, one in single.items()}
    shared = 0
    if fitted_to is not None:
        areas = {name: area(fitted_to.overall(name), fitted_to.accepted) for name in single}
        shared = len(set(fitted_to.papers) & set(recording.papers))
    elif kind == "apart":
        notes.append("thresholds of single reviewers were chosen on the papers judged")
    if shared:
        notes.append(f"{shared} of the papers judged are among those that it was fitted to")
    if recording.clipped:
        notes.append(f"{recording.clipped} numbers beyond the form's scale were set to its end")
    if _LEAK not in outside:
        notes.append("no column anonymous: the leak is known only from what was published")
    accepted = recording.accepted
    return Evaluation(
        kind=kind,
        papers=accepted.size,
        accepted=int(accepted.sum()),
        combination=found[COMBINATION],
        reviewers=single,
        best=max(areas, key=lambda name: areas[name]),
        brier=float(((probability - accepted) ** 2).mean()),
        brier_of_base_rate=float(((accepted.mean() - accepted) ** 2).mean()),
        leak=found.get(_LEAK),
        human=found.get(_HUMAN),
        chosen=chosen,
        shared_papers=shared,
        notes=tuple(notes),
    )
