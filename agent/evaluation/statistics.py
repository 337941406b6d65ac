"""Statistics: robust means, intervals, paired comparisons and rank agreement.

Scores come per task and seed. Seeds are what is random, tasks are fixed: everything is stratified
by task, and every task weighs the same however many seeds it has. Every function gives the same
bits for the same input, and refuses numbers that are not finite.

Interquartile mean and stratified intervals follow Agarwal et al. 2021, "Deep Reinforcement Learning
at the Edge of the Statistical Precipice" (arXiv 2108.13264). Their percentile intervals are too
narrow at the few seeds that a campaign can afford, so these are studentized (Efron and Tibshirani
1993, "An Introduction to the Bootstrap", section 12.5), with Student's t where there are too few
seeds to resample. Coverage of a 95 % interval of a mean over 16 seeds, from 10,000 simulated
samples (Student's t in brackets): normal values .949 (.951), exponential .943 (.911), log-normal
with sigma 1/2 .940 (.925) and, heavy-tailed, with sigma 1 .913 (.856).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = [
    "Estimate",
    "alpha_spent",
    "interval",
    "iqm",
    "paired_difference",
    "stratified_bootstrap",
]

Floats: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Literal["mean", "iqm"]

# Up to this many observations beyond one per task, Student's t is used.
_FEW = 7
_TAIL_RESAMPLES = 200
_MAX_RESAMPLES = 200_000
# Fewest resamples in a tail that say anything about where it begins.
_MIN_TAIL_RESAMPLES = 10
_CHUNK = 4096
# A resample of nearly equal values must not send the studentized statistic to infinity.
_MIN_RELATIVE_ERROR = 0.1


@dataclass(frozen=True)
class Estimate:
    """A value with its two-sided confidence interval.

    ``n`` is the number of observations (seeds, or pairs) that it rests on.
    """

    value: float
    low: float
    high: float
    n: int
    confidence: float


def iqm(values: ArrayLike) -> float:
    """Interquartile mean: the mean of the middle half of the observations.

    The exact one, twice the integral of the empirical quantile function from 1/4 to 3/4: an
    observation that straddles a quartile counts in part. (``scipy.stats.trim_mean`` drops whole
    observations only, so at n = 5 it would average the middle three with equal weights.)

    Args:
        values: One-dimensional, at least one value.

    Returns:
        The interquartile mean.

    Raises:
        ValueError: There is no value, or one that is not finite.
    """
    sample = _checked(values)
    return float(_iqm(sample[None], np.full(sample.size, 1 / sample.size))[0])


def stratified_bootstrap(
    strata: Sequence[ArrayLike],
    generator: np.random.Generator,
    *,
    statistic: Statistic = "iqm",
    resamples: int = 2000,
) -> Floats:
    """The bootstrap distribution of a statistic: seeds are drawn anew within each task.

    Args:
        strata: ``[tasks][seeds]``; tasks may have different numbers of seeds.
        generator: Source of the randomness.
        statistic: Mean, or interquartile mean, over all tasks, each task weighing the same.
        resamples: How many draws.

    Returns:
        The statistic of each draw, ``[resamples]``.

    Raises:
        ValueError: A task has no seed, or a value is not finite.
    """
    groups = [_checked(stratum) for stratum in strata]
    if not groups:
        raise ValueError("there is nothing to resample: no task was given")
    return np.concatenate(
        [_evaluate(draws, statistic)[0] for draws in _resample(groups, generator, resamples)]
    )


def interval(
    values: ArrayLike | Mapping[str, ArrayLike],
    confidence: float = 0.95,
    seed: int = 0,
    *,
    statistic: Statistic = "mean",
) -> Estimate:
    """A statistic of scores with its interval.

    Args:
        values: Scores of the seeds of one task, ``[seeds]``, or such per task name.
        confidence: Two-sided coverage aimed at, between 0 and 1.
        seed: Seed of the resampling.
        statistic: Mean, or interquartile mean, each task weighing the same.

    Returns:
        The estimate. Up to seven observations beyond one per task, and where the confidence is
        beyond what resampling can resolve, the interval is Student's (Welch-Satterthwaite over
        tasks); otherwise a studentized bootstrap. Values that are all equal give an interval of
        width zero; where only the middle half ties, an interquartile mean has no error to go by
        and its interval is the range of the values.

    Raises:
        ValueError: A task has fewer than two seeds, a value is not finite, or the confidence is
            not between 0 and 1.
    """
    if isinstance(values, Mapping):
        groups = [_checked(values[task]) for task in sorted(values)]
    else:
        groups = [_checked(values)]
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    if not groups or min(group.size for group in groups) < 2:
        raise ValueError("an interval needs at least two seeds in every task")
    point, error = (float(part[0]) for part in _evaluate([g[None] for g in groups], statistic))
    n = sum(group.size for group in groups)
    tail = (1 - confidence) / 2
    if all(np.ptp(group) == 0 for group in groups):
        return Estimate(point, point, point, n, confidence)
    if error == 0:
        least, most = (float(end(np.concatenate(groups))) for end in (np.min, np.max))
        return Estimate(point, least, most, n, confidence)
    if n - len(groups) <= _FEW or tail * _MAX_RESAMPLES < _MIN_TAIL_RESAMPLES:
        reach = float(stats.t.ppf(1 - tail, _degrees_of_freedom(groups, statistic))) * error
        return Estimate(point, point - reach, point + reach, n, confidence)
    resamples = min(_MAX_RESAMPLES, math.ceil(_TAIL_RESAMPLES / tail))
    generator = np.random.default_rng(seed)
    studentized = []
    for draws in _resample(groups, generator, resamples):
        points, errors = _evaluate(draws, statistic)
        studentized.append((points - point) / np.maximum(errors, _MIN_RELATIVE_ERROR * error))
    below, above = np.quantile(np.concatenate(studentized), [tail, 1 - tail])
    return Estimate(
        point, point - float(above) * error, point - float(below) * error, n, confidence
    )


def paired_difference(
    a: Mapping[tuple[str, int], float],
    b: Mapping[tuple[str, int], float],
    confidence: float = 0.95,
    seed: int = 0,
    *,
    statistic: Statistic = "mean",
) -> Estimate:
    """How much larger ``a`` is than ``b`` where both were run on the same task and seed.

    Args:
        a: Scores by (task, seed).
        b: Scores of what it is compared with.
        confidence: Two-sided coverage aimed at; see `alpha_spent` for repeated comparisons.
        seed: Seed of the resampling.
        statistic: Mean, or interquartile mean, of the differences; each task weighs the same.

    Returns:
        The estimate of ``a - b``; ``n`` counts the pairs.

    Raises:
        ValueError: No task has two seeds in common, some common task has only one, or a score is
            not finite.
    """
    differences: dict[str, list[float]] = {}
    for key in sorted(a.keys() & b.keys()):
        differences.setdefault(key[0], []).append(a[key] - b[key])
    if not differences:
        raise ValueError("there is no task and seed on which both were evaluated")
    return interval(differences, confidence, seed, statistic=statistic)


def alpha_spent(k: int, alpha: float = 0.05) -> float:
    """The error probability that the k-th confirmation of a campaign may spend.

    6 alpha / (pi^2 k^2) sums to alpha over all k, so the chance of any false discovery in a
    campaign is at most alpha, however many candidates are confirmed and whenever it is stopped
    (Bonferroni with unequal shares; Foster and Stine 2008, "Alpha-investing", use the same series).

    Args:
        k: 1 for the first candidate that is confirmed, 2 for the second, and so on.
        alpha: Error probability of the whole campaign.

    Returns:
        The share of the k-th; ``1 - alpha_spent(k)`` is the confidence of its interval.

    Raises:
        ValueError: k is below 1, or alpha is not between 0 and 1.
    """
    if k < 1:
        raise ValueError(f"confirmations are counted from 1, not {k}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha}")
    return 6 * alpha / (math.pi * k) ** 2


def _checked(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected a list of numbers, got an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{int((~np.isfinite(array)).sum())} of {array.size} values are not finite"
        )
    return array


def _resample(
    groups: Sequence[Floats], generator: np.random.Generator, resamples: int
) -> Iterator[list[Floats]]:
    """Draws in chunks: each a list over tasks of ``[draws, seeds]``."""
    for start in range(0, resamples, _CHUNK):
        draws = min(_CHUNK, resamples - start)
        yield [group[generator.integers(0, group.size, (draws, group.size))] for group in groups]


def _evaluate(groups: Sequence[Floats], statistic: Statistic) -> tuple[Floats, Floats]:
    """Statistic and standard error, ``[draws]`` each, of draws ``[draws, seeds]`` per task.

    The error is that of the mean of the influence values: the observations themselves for the
    mean, twice the observations clipped to the quartiles for the interquartile mean (which gives
    the winsorized variance of Tukey and McLaughlin 1963).
    """
    share = 1 / len(groups)
    influence: Sequence[Floats]
    if statistic == "mean":
        point = share * sum((g.mean(1) for g in groups), np.zeros(groups[0].shape[0]))
        influence = groups
    else:
        pooled = np.concatenate(groups, axis=1)
        weights = np.concatenate([np.full(g.shape[1], share / g.shape[1]) for g in groups])
        point = _iqm(pooled, weights)
        low, high = (quartile[:, None] for quartile in _quartiles(pooled, weights))
        influence = [2 * np.clip(g, low, high) for g in groups]
    variance = np.zeros(groups[0].shape[0])
    for values in influence:
        if values.shape[1] > 1:
            variance += share**2 * values.var(1, ddof=1) / values.shape[1]
    return point, np.sqrt(variance)


def _ranked(pooled: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Sorted values, and the cumulative weight before and after each, ``[draws, n]`` each."""
    order = np.argsort(pooled, axis=1, kind="stable")
    values = np.take_along_axis(pooled, order, 1)
    after = np.cumsum(weights[order], axis=1)
    return values, after - weights[order], after


def _iqm(pooled: Floats, weights: Floats) -> Floats:
    values, before, after = _ranked(pooled, weights)
    middle = np.clip(np.minimum(after, 0.75) - np.maximum(before, 0.25), 0, None)
    means: Floats = (values * middle).sum(1) / middle.sum(1)
    return means


def _quartiles(pooled: Floats, weights: Floats) -> tuple[Floats, Floats]:
    values, _, after = _ranked(pooled, weights)
    rows = np.arange(values.shape[0])
    # Sums of weights such as 1/3 fall short of a quartile by rounding.
    low, high = ((after < share - 1e-12).sum(1) for share in (0.25, 0.75))
    return values[rows, low], values[rows, high]


def _degrees_of_freedom(groups: Sequence[Floats], statistic: Statistic) -> float:
    """Welch and Satterthwaite's, over tasks; the interquartile mean rests on half of the seeds."""
    shares, freedoms = [], []
    for group in groups:
        shares.append(group.var(ddof=1) / group.size)
        used = group.size if statistic == "mean" else max(2.0, group.size / 2)
        freedoms.append(used - 1)
    variances = np.asarray(shares)
    return float(variances.sum() ** 2 / (variances**2 / np.asarray(freedoms)).sum())
