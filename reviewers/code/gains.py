"""Findings in a candidate's results: gains that are there for one seed, one budget or one task.

Everything compares with the best baseline on the very same (effort, task, seed), signed so that
positive is better. These are warnings about the shape of a gain; whether it is real is decided by
the confirm tier's intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reviewers.contract import Finding, Measured, Subject
from templates.contract import TemplateSpec

__all__ = ["Comparison", "compare", "gain_findings"]

_MIN_SEEDS = 4
_AGREEING = 0.5
_NARROW = 0.9
_MIN_PARTS = 3


@dataclass(frozen=True)
class Comparison:
    """A candidate against the best baseline on one task.

    Args:
        task: Name of the task.
        baseline: Name of the best baseline there.
        gains: Signed gain per common seed, ``[seeds]``.
        part_gains: Mean signed gain by part of the primary metric.
    """

    task: str
    baseline: str
    gains: tuple[float, ...]
    part_gains: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean gain over the seeds."""
        return float(np.mean(self.gains))

    @property
    def ahead(self) -> int:
        """On how many seeds the candidate is ahead."""
        return sum(gain > 0 for gain in self.gains)


def compare(subject: Subject, tasks: Sequence[str]) -> list[Comparison]:
    """The candidate against the best baseline on each of these tasks, where both were measured."""
    sign, primary = _sign(subject.spec), subject.spec.primary.name
    found = []
    for task in tasks:
        mine = _of_task(subject.measured, task)
        best: Comparison | None = None
        for name, results in sorted(subject.baselines.items()):
            theirs = _of_task(results, task)
            common = sorted(mine.keys() & theirs.keys())
            if not common:
                continue
            made = Comparison(
                task,
                name,
                tuple(
                    sign * (mine[key].metrics[primary] - theirs[key].metrics[primary])
                    for key in common
                ),
                _part_gains([mine[key] for key in common], [theirs[key] for key in common], sign),
            )
            # Racing drops weak baselines early, so the most common seeds come before the gain.
            if best is None or (len(made.gains), -made.mean) > (len(best.gains), -best.mean):
                best = made
        if best is not None:
            found.append(best)
    return found


def gain_findings(subject: Subject) -> list[Finding]:
    """What is remarkable about the candidate's gains; nothing where it gains nothing."""
    search = compare(subject, subject.spec.search_tasks)
    held_out = compare(subject, subject.spec.held_out_tasks)
    found = list(_failures(subject))
    for comparison in search:
        if comparison.mean > 0:
            found += _seeds(comparison)
            found += _parts(comparison)
    if search and held_out and np.mean([one.mean for one in search]) > 0:
        found += _contradiction(held_out)
    return found


def _seeds(comparison: Comparison) -> Iterator[Finding]:
    count = len(comparison.gains)
    if count < _MIN_SEEDS:
        return
    rest = sorted(comparison.gains)[:-1]
    if np.mean(rest) <= 0:
        yield Finding(
            "one_seed",
            "concern",
            f"the gain on {comparison.task} comes from one of {count} seeds",
        )
    elif comparison.ahead / count < _AGREEING:
        yield Finding(
            "seeds_disagree",
            "concern",
            f"ahead of {comparison.baseline} on only {comparison.ahead} of {count} seeds",
        )


def _parts(comparison: Comparison) -> Iterator[Finding]:
    gains = comparison.part_gains
    if len(gains) < _MIN_PARTS:
        return
    best = max(gains, key=lambda part: gains[part])
    positive = sum(max(gain, 0.0) for gain in gains.values())
    behind = [part for part, gain in gains.items() if gain <= 0]
    if gains[best] > _NARROW * positive and 2 * len(behind) >= len(gains) - 1:
        yield Finding(
            "narrow_gain",
            "concern",
            f"gains only at {best}, behind at {len(behind)} of {len(gains)} settings",
        )


def _contradiction(held_out: Sequence[Comparison]) -> Iterator[Finding]:
    behind = [one.task for one in held_out if one.mean < 0]
    if 2 * len(behind) >= len(held_out):
        yield Finding(
            "held_out_contradicts",
            "concern",
            f"gains in the search, but its mean is worse on held-out {', '.join(behind)}",
        )


def _failures(subject: Subject) -> Iterator[Finding]:
    failed = [one for one in subject.measured if one.failed]
    if failed:
        yield Finding(
            "failed_seeds",
            "note",
            f"{failed[0].failed} ({len(failed)} of {len(subject.measured)} runs)",
        )


def _of_task(results: Sequence[Measured], task: str) -> dict[tuple[str, int], Measured]:
    return {(one.effort, one.seed): one for one in results if one.task == task}


def _part_gains(
    mine: Sequence[Measured], theirs: Sequence[Measured], sign: int
) -> dict[str, float]:
    if not mine:
        return {}
    names = set.intersection(*(set(one.parts) for one in (*mine, *theirs)))
    return {
        name: float(
            np.mean(
                [sign * (a.parts[name] - b.parts[name]) for a, b in zip(mine, theirs, strict=True)]
            )
        )
        for name in sorted(names)
    }


def _sign(spec: TemplateSpec) -> int:
    return spec.primary.direction.sign
