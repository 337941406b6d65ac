"""Choosing a method, and an estimate of how well the choice does on papers it never saw.

Everything that looks at outcomes happens inside the training folds: centres, spreads, weights,
thresholds, and the choice of the method itself (nested cross-validation: Cawley and Talbot 2010,
"On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from reviewers.calibration.calibrator import Calibration, fit
from reviewers.calibration.discrimination import Judged
from reviewers.calibration.folds import area, best_level, stratified_folds
from reviewers.calibration.methods import METHODS, Floats, Method, Standard, directions, targets_of
from reviewers.calibration.records import Recording
from templates.errors import UserError

__all__ = [
    "COMBINATION",
    "FOLDS",
    "CrossValidated",
    "choose",
    "cross_validate",
    "fitted",
    "require_enough",
]

COMBINATION = "combination"
FOLDS = 10
_INNER_FOLDS = 5
_INNER_REPEATS = 10
_FEWEST = 20
# Of one reviewer; fewer might all fall into one fold.
_FEWEST_OF_ONE = 10


@dataclass(frozen=True)
class CrossValidated:
    """Judgements of papers by models that were fitted without them.

    Args:
        judges: By name: the combination, then every reviewer alone.
        probability: ``[repeats, P]``, the combination's.
        chosen: How often each method was chosen, by its name.
    """

    judges: dict[str, Judged]
    probability: Floats
    chosen: dict[str, int]


def cross_validate(recording: Recording, *, repeats: int, seed: int) -> CrossValidated:
    """Fit and judge with repeated stratified ten-fold cross-validation.

    Args:
        recording: The papers.
        repeats: How often they are dealt into folds.
        seed: Of the folds.

    Raises:
        UserError: There are too few papers of an outcome.
    """
    require_enough(recording)
    size = len(recording.papers)
    score = {name: np.full((repeats, size), np.nan) for name in (COMBINATION, *recording.reviewers)}
    accepts = {name: np.zeros((repeats, size), bool) for name in score}
    probability = np.zeros((repeats, size))
    chosen: Counter[str] = Counter()
    generator = np.random.default_rng(seed)
    for repeat in range(repeats):
        for train, test in stratified_folds(recording.accepted, FOLDS, generator):
            training = recording.select(train)
            own_seed = int(generator.integers(2**31))
            method = choose(training, seed=own_seed)
            model = fit(training, method, seed=own_seed, draws=False)
            odds = model.log_odds(recording.scores[test])
            chosen[method.name] += 1
            score[COMBINATION][repeat, test] = _comparable(odds, model, training)
            probability[repeat, test] = expit(odds)
            accepts[COMBINATION][repeat, test] = probability[repeat, test] >= model.threshold
            for name in recording.reviewers:
                overall = recording.overall(name)
                score[name][repeat, test] = overall[test]
                accepts[name][repeat, test] = overall[test] >= best_level(
                    overall[train], training.accepted
                )
    judges = {name: Judged(score[name], accepts[name]) for name in score}
    return CrossValidated(judges, probability, dict(chosen.most_common()))


def _comparable(odds: Floats, model: Calibration, training: Recording) -> Floats:
    """Log-odds in units of the training papers' spread, from their mean.

    Papers of different folds are compared, each judged by another model. That the models' links
    differ a little is no matter of how well each orders papers.
    """
    own = model.log_odds(training.scores)
    return np.asarray((odds - own.mean()) / (float(own.std()) or 1.0))


def require_enough(recording: Recording) -> None:
    """Refuse recordings that folds cannot be made of.

    Raises:
        UserError: There are fewer than twenty papers of an outcome, or ten of one reviewer.
    """
    fewest = int(np.bincount(recording.accepted, minlength=2).min())
    if fewest < _FEWEST:
        raise UserError(
            f"{recording.source} has only {fewest} papers of one outcome; calibrating needs "
            f"{_FEWEST} accepted and {_FEWEST} rejected ones"
        )
    for name in recording.reviewers:
        known = ~np.isnan(recording.overall(name))
        least = int(np.bincount(recording.accepted[known], minlength=2).min())
        if least < _FEWEST_OF_ONE:
            raise UserError(
                f"{recording.source}: {name} reviewed only {least} papers of one outcome; "
                f"calibrating needs {_FEWEST_OF_ONE} accepted and {_FEWEST_OF_ONE} rejected ones"
            )


def choose(recording: Recording, *, seed: int) -> Method:
    """The method with the largest mean area under the ROC curve on papers left out.

    Args:
        recording: The papers; nothing else is looked at.
        seed: Of the folds.
    """
    targets = targets_of(recording)
    generator = np.random.default_rng(seed)
    total: Counter[Method] = Counter()
    for _ in range(_INNER_REPEATS):
        for train, test in stratified_folds(recording.accepted, _INNER_FOLDS, generator):
            standard = Standard.of(recording.scores[train])
            seen, unseen = (standard.apply(recording.scores[rows]) for rows in (train, test))
            part = {name: target[train] for name, target in targets.items()}
            flat = unseen.reshape(test.size, -1)
            for method, direction in directions(seen, part).items():
                total[method] += area(flat @ direction, recording.accepted[test])
    # In the order of METHODS, which begins with the simple ones.
    return max((one for one in METHODS if one in total), key=lambda method: total[method])


def fitted(recording: Recording, *, seed: int) -> Calibration:
    """Choose a method on all papers of a recording and fit it, intervals included.

    Raises:
        UserError: There are too few papers of an outcome.
    """
    require_enough(recording)
    return fit(recording, choose(recording, seed=seed), seed=seed)
