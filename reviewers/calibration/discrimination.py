"""How well scores tell accepted papers from rejected ones, with intervals over papers.

The area under the ROC curve is the share of (accepted, rejected) pairs that a score orders
rightly, ties counting half (Hanley and McNeil 1982). Balanced accuracy is the mean of the shares
of accepted and of rejected papers that are decided rightly. Intervals are percentiles of a
bootstrap that draws accepted and rejected papers anew, each among themselves; scores that are
compared are drawn together, so a difference has the interval of paired observations (Efron and
Tibshirani 1993, chapters 8 and 13). Where scores were cross-validated several times, each draw
averages over the repetitions; how models would differ on other training papers is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from templates.errors import UserError

__all__ = ["Discrimination", "Interval", "Judged", "discriminate"]

_RESAMPLES = 4000


@dataclass(frozen=True)
class Interval:
    """A value with its two-sided 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Judged:
    """What one judge says of the papers.

    Args:
        score: ``[repetitions, P]``, larger for better papers; NaN for a paper it does not know.
        accepts: ``[repetitions, P]``, its decisions.
    """

    score: NDArray[np.float64]
    accepts: NDArray[np.bool_]


@dataclass(frozen=True)
class Discrimination:
    """How well one judge does.

    Args:
        papers: How many papers it knows.
        auc: Area under the ROC curve.
        balanced_accuracy: Of its decisions.
        auc_behind: How much larger the area of the leading judge is, on the papers that this one
            knows; None for the leading judge.
        balanced_accuracy_behind: The same of balanced accuracy.
    """

    papers: int
    auc: Interval
    balanced_accuracy: Interval
    auc_behind: Interval | None = None
    balanced_accuracy_behind: Interval | None = None


@dataclass
class _Draws:
    """Values of one judge, the sample's own first, then one for each draw."""

    auc: NDArray[np.float64]
    balanced: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def discriminate(
    judges: dict[str, Judged], accepted: NDArray[np.bool_], *, leader: str, seed: int
) -> dict[str, Discrimination]:
    """Judge the judges on the same papers.

    Args:
        judges: By name.
        accepted: ``[P]``, what became of the papers; both outcomes occur.
        leader: Whom the others are compared with.
        seed: Of the resampling.

    Returns:
        By name, in the order given.

    Raises:
        UserError: A judge knows only papers of one outcome.
    """
    weights = _weights(accepted, seed)
    first = judges[leader]
    found = {}
    for name, judged in judges.items():
        known = np.asarray(~np.isnan(judged.score).any(0), dtype=np.bool_)
        if not accepted[known].any() or accepted[known].all():
            raise UserError(f"{name} reviewed only papers of one outcome: nothing to tell apart")
        own = _draws(judged, accepted, known, weights)
        lead = None if name == leader else _draws(first, accepted, known, weights)
        found[name] = Discrimination(
            papers=int(known.sum()),
            auc=_interval(own.auc),
            balanced_accuracy=_interval(own.balanced),
            auc_behind=None if lead is None else _interval(lead.auc - own.auc),
            balanced_accuracy_behind=(
                None if lead is None else _interval(lead.balanced - own.balanced)
            ),
        )
    return found


def _weights(accepted: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """How often each paper is in each draw, ``[1 + resamples, P]``; first the sample itself."""
    generator = np.random.default_rng(seed)
    weights = np.zeros((1 + _RESAMPLES, accepted.size))
    weights[0] = 1
    for outcome in (False, True):
        rows = np.flatnonzero(accepted == outcome)
        counts = generator.multinomial(rows.size, np.full(rows.size, 1 / rows.size), _RESAMPLES)
        weights[1:, rows] = counts
    return weights


def _draws(
    judged: Judged,
    accepted: NDArray[np.bool_],
    known: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> _Draws:
    good, bad = np.flatnonzero(accepted & known), np.flatnonzero(~accepted & known)
    right = np.zeros((good.size, bad.size))
    for score in judged.score:
        above = score[good][:, None] - score[bad][None, :]
        right += (above > 0) + 0.5 * (above == 0)
    right /= len(judged.score)
    good_weights, bad_weights = (
        part / np.maximum(part.sum(1, keepdims=True), 1)
        for part in (weights[:, good], weights[:, bad])
    )
    auc = np.einsum("bi,ij,bj->b", good_weights, right, bad_weights, optimize=True)
    share = judged.accepts.mean(0)
    balanced = (good_weights @ share[good] + bad_weights @ (1 - share[bad])) / 2
    # A draw may hold none of the few papers of an outcome that a judge knows: it says nothing.
    empty = (weights[:, good].sum(1) == 0) | (weights[:, bad].sum(1) == 0)
    return _Draws(np.where(empty, np.nan, auc), np.where(empty, np.nan, balanced))


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return Interval(float(values[0]), float(low), float(high))
