"""Folds that hold as many accepted papers each as can be, and the area of a score."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["area", "best_level", "stratified_folds"]


def stratified_folds(
    accepted: NDArray[np.bool_], folds: int, generator: np.random.Generator
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Deal papers into folds, accepted and rejected ones apart.

    Args:
        accepted: ``[P]``; where papers repeat in it, deal them yourself.
        folds: How many.
        generator: Of the order.

    Yields:
        Rows to learn from and rows left out, once for each fold.
    """
    fold = np.empty(accepted.size, dtype=np.intp)
    for outcome in (False, True):
        rows = np.flatnonzero(accepted == outcome)
        # Dealt in opposite directions, so that the last folds are not the small ones twice.
        order = np.arange(rows.size) % folds
        fold[generator.permutation(rows)] = folds - 1 - order if outcome else order
    for number in range(folds):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def area(score: NDArray[np.float64], accepted: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of the scores ``[P]`` that are known; 1/2 where it has no meaning.

    The share of (accepted, rejected) pairs that are ordered rightly, ties counting half.
    """
    known = ~np.isnan(score)
    good, bad = score[known & accepted], score[known & ~accepted]
    if good.size == 0 or bad.size == 0:
        return 0.5
    above = good[:, None] - bad[None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def best_level(score: NDArray[np.float64], accepted: NDArray[np.bool_]) -> float:
    """The score from which on papers count as accepted, for the best balanced accuracy.

    Args:
        score: ``[P]``; NaN where unknown.
        accepted: ``[P]``.

    Returns:
        One of the scores; of equally good ones the highest.
    """
    known = ~np.isnan(score)
    score, accepted = score[known], accepted[known]
    levels = np.unique(score)[::-1]
    above = score[None, :] >= levels[:, None]
    rates = above[:, accepted].mean(1) + 1 - above[:, ~accepted].mean(1)
    return float(levels[int(np.argmax(rates))])
