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
_SURE = 1.96
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


def require_enough(recording: Recording, purpose: str = "calibrating") -> None:
    """Refuse recordings that folds cannot be made of, or intervals that mean something.

    Args:
        recording: The papers.
        purpose: What they are wanted for, as the message says it.

    Raises:
        UserError: There are fewer than twenty papers of an outcome, or ten of one reviewer.
    """
    fewest = int(np.bincount(recording.accepted, minlength=2).min())
    if fewest < _FEWEST:
        raise UserError(
            f"{recording.source} has only {fewest} papers of one outcome; {purpose} needs "
            f"{_FEWEST} accepted and {_FEWEST} rejected ones"
        )
    for name in recording.reviewers:
        known = ~np.isnan(recording.overall(name))
        least = int(np.bincount(recording.accepted[known], minlength=2).min())
        if least < _FEWEST_OF_ONE:
            raise UserError(
                f"{recording.source}: {name} reviewed only {least} papers of one outcome; "
                f"{purpose} needs {_FEWEST_OF_ONE} accepted and {_FEWEST_OF_ONE} rejected ones"
            )


def choose(recording: Recording, *, seed: int) -> Method:
    """The method to use: the plain mean, unless another is surely better on papers left out.

    The largest of some thirty noisy areas is seldom the best method's. So the first of `METHODS`
    stays unless the gain of another, over repeated folds, exceeds 1.96 of its standard errors; of
    several such the one with the largest gain is taken. Folds share papers, which makes the naive
    error much too small; this one is corrected for it (Nadeau and Bengio 2003, "Inference for the
    Generalization Error", section 3).

    Args:
        recording: The papers; nothing else is looked at.
        seed: Of the folds.
    """
    targets = targets_of(recording)
    generator = np.random.default_rng(seed)
    methods = [method for method in METHODS if method.target in targets]
    areas = []
    for _ in range(_INNER_REPEATS):
        for train, test in stratified_folds(recording.accepted, _INNER_FOLDS, generator):
            standard = Standard.of(recording.scores[train])
            seen, unseen = (standard.apply(recording.scores[rows]) for rows in (train, test))
            part = {name: target[train] for name, target in targets.items()}
            found = directions(seen, part)
            flat = unseen.reshape(test.size, -1)
            areas.append(
                [area(flat @ found[method], recording.accepted[test]) for method in methods]
            )
    gains = np.array(areas) - np.array(areas)[:, :1]
    share = 1 / len(areas) + 1 / (_INNER_FOLDS - 1)
    errors = np.sqrt(share * gains.var(0, ddof=1))
    sure = np.flatnonzero(gains.mean(0) > _SURE * errors)
    return methods[int(sure[np.argmax(gains.mean(0)[sure])])] if sure.size else methods[0]


def fitted(recording: Recording, *, seed: int) -> Calibration:
    """Choose a method on all papers of a recording and fit it, intervals included.

    Raises:
        UserError: There are too few papers of an outcome.
    """
    require_enough(recording)
    return fit(recording, choose(recording, seed=seed), seed=seed)
