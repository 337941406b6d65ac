"""A fitted calibration: from one paper's reviews to its probability of acceptance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from reviewers.calibration.folds import stratified_folds
from reviewers.calibration.link import fit_link
from reviewers.calibration.methods import Floats, Method, Standard, Target, directions, targets_of
from reviewers.calibration.records import FIELDS, Recording
from templates.errors import UserError

__all__ = ["Calibration", "Probability", "fit"]

_LINK_FOLDS = 5
_LINK_REPEATS = 5
_DRAWS = 200


@dataclass(frozen=True)
class Probability:
    """A probability of acceptance with its 95 % interval.

    The interval is over the papers that the calibration was fitted to (it tells how well the
    probability is known), not over how this paper's reviews might have come out.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """A linear map from reviews to the log-odds of acceptance.

    Args:
        method: How it was fitted.
        reviewers: Whom it knows, sorted; length R.
        standard: Centres and spreads, ``[R, F]``.
        weights: Of the standardised scores, ``[R * F]``.
        intercept: Of the log-odds.
        threshold: Probability from which on it says accept: the one that as many papers reach as
            were accepted, of those that it was fitted to.
        draws: ``[B, 1 + R * F]``, intercept and weights of bootstrap refits; may be empty.
    """

    method: Method
    reviewers: tuple[str, ...]
    standard: Standard
    weights: Floats
    intercept: float
    threshold: float
    draws: Floats

    def log_odds(self, scores: Floats) -> Floats:
        """Log-odds of acceptance ``[P]`` of papers with scores ``[P, R, F]``, NaN if missing."""
        odds = self.intercept + self._features(scores) @ self.weights
        return np.asarray(odds, dtype=np.float64)

    def probabilities(self, scores: Floats) -> Floats:
        """Probabilities of acceptance ``[P]`` of papers with scores ``[P, R, F]``."""
        return expit(self.log_odds(scores))

    def probability(self, scores: Floats) -> Probability:
        """Probability and interval of one paper with scores ``[R, F]``."""
        features = self._features(scores[None])[0]
        drawn = expit(self.draws[:, 0] + self.draws[:, 1:] @ features)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Probability(float(self.probabilities(scores[None])[0]), float(low), float(high))

    def arrange(self, reviews: dict[str, dict[str, float]]) -> Floats:
        """Scores ``[R, F]`` from the numbers of each reviewer's form.

        Raises:
            UserError: A reviewer is unknown, or there is none.
        """
        self.require_known(tuple(reviews))
        if not reviews:
            raise UserError("a probability of acceptance needs at least one review")
        scores = np.full((len(self.reviewers), len(FIELDS)), np.nan)
        for name, numbers in reviews.items():
            scores[self.reviewers.index(name)] = [numbers[question] for question in FIELDS]
        return scores

    def align(self, recording: Recording) -> Floats:
        """Scores ``[P, R, F]`` of a recording in this calibration's order of reviewers.

        Raises:
            UserError: A reviewer is unknown.
        """
        self.require_known(recording.reviewers)
        scores = np.full((len(recording.papers), len(self.reviewers), len(FIELDS)), np.nan)
        for column, name in enumerate(recording.reviewers):
            scores[:, self.reviewers.index(name)] = recording.scores[:, column]
        return scores

    def require_known(self, reviewers: tuple[str, ...]) -> None:
        """Refuse reviewers that the calibration was not fitted to.

        Raises:
            UserError: Names them, and those that are known.
        """
        unknown = [name for name in reviewers if name not in self.reviewers]
        if unknown:
            raise UserError(
                f"the calibration knows no reviewer {', '.join(unknown)}; it was fitted to "
                + ", ".join(self.reviewers)
            )

    def _features(self, scores: Floats) -> Floats:
        return self.standard.apply(scores).reshape(len(scores), -1)


def fit(recording: Recording, method: Method, *, seed: int, draws: bool = True) -> Calibration:
    """Fit one method to all papers of a recording.

    The direction is fitted first. The link from its score to log-odds and the threshold are fitted
    to scores of papers that were left out of the direction's fit, since on its own papers a
    direction looks sharper than it is. The interval comes from refitting all of it to papers drawn
    anew; what the choice of the method adds is not in it.

    Args:
        recording: The papers.
        method: The method.
        seed: Of folds and draws.
        draws: Whether to make the draws that the interval needs.
    """
    standard = Standard.of(recording.scores)
    standardised = standard.apply(recording.scores)
    targets = targets_of(recording)
    generator = np.random.default_rng(seed)
    everyone = np.arange(len(standardised))
    found = _fit(standardised, targets, everyone, method, generator, _LINK_REPEATS)
    drawn = []
    for _ in range(_DRAWS if draws else 0):
        # Accepted and rejected papers are drawn among themselves, as folds are dealt.
        rows = np.concatenate(
            [
                generator.choice(part, part.size)
                for part in (everyone[recording.accepted], everyone[~recording.accepted])
            ]
        )
        one = _fit(standardised, targets, rows, method, generator, 1)
        drawn.append(np.concatenate([[one.intercept], one.weights]))
    return Calibration(
        method=method,
        reviewers=recording.reviewers,
        standard=standard,
        weights=found.weights,
        intercept=found.intercept,
        threshold=found.threshold,
        draws=np.array(drawn).reshape(len(drawn), 1 + found.weights.size),
    )


@dataclass(frozen=True)
class _Fitted:
    intercept: float
    weights: Floats
    threshold: float


def _fit(
    standardised: Floats,
    targets: Mapping[Target, Floats],
    rows: NDArray[np.intp],
    method: Method,
    generator: np.random.Generator,
    repeats: int,
) -> _Fitted:
    """Fit to those papers, of which some may be there several times."""
    accepted = targets["outcome"][rows] > 0.5
    direction = _direction(standardised, targets, rows, method)
    score = standardised[rows].reshape(rows.size, -1) @ direction
    if method.ridge > 0:
        # Copies of a paper stay together: none is judged by a direction that saw another.
        papers, counts = np.unique(rows, return_counts=True)
        known = targets["outcome"][papers] > 0.5
        left_out = np.zeros(len(standardised))
        for _ in range(repeats):
            for train, test in stratified_folds(known, _LINK_FOLDS, generator):
                repeated = np.repeat(papers[train], counts[train])
                part = _direction(standardised, targets, repeated, method)
                flat = standardised[papers[test]].reshape(test.size, -1)
                left_out[papers[test]] += flat @ part / repeats
        score = left_out[rows]
    intercept, slope = fit_link(score, accepted)
    level = np.quantile(score, 1 - accepted.mean())
    return _Fitted(intercept, slope * direction, float(expit(intercept + slope * level)))


def _direction(
    standardised: Floats, targets: Mapping[Target, Floats], rows: NDArray[np.intp], method: Method
) -> Floats:
    part = {name: target[rows] for name, target in targets.items()}
    return directions(standardised[rows], part, [method])[method]
