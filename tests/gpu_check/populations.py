"""A population on the platform against the same seeds on a CPU, and how fast both are."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.gpu_check.cases import CASES, Case
from tests.gpu_check.checks import Context
from tests.gpu_check.rows import Row, row
from tests.gpu_check.running import ROOT, as_a_worker, surroundings

__all__ = ["agreement", "check", "same_bits"]

_STANDARD_ERRORS = 4.0


def check(context: Context) -> Iterator[Row]:
    """Rows of one case; both sides are trained at the same time."""
    case = CASES[context.argument]
    size = case.size(quick=context.quick)
    seeds = list(range(1, 1 + max(size.members, size.reference)))
    began = time.perf_counter()
    ours = _start(case, context.platform, size.members, seeds, quick=context.quick)
    # As a campaign has them: a worker for each core, one seed at a time.
    count = min(size.reference, max(1, len(os.sched_getaffinity(0)) - 1))
    compared = seeds[: size.reference]
    parts = [compared[at::count] for at in range(count)]
    others = [_start(case, "cpu", 1, part, quick=context.quick) for part in parts]
    answer = _answer(ours)
    references = [_answer(one) for one in others]
    took = time.perf_counter() - began
    known = {
        seed: (reference["scores"][place], reference["start"][place : place + 1])
        for reference, part in zip(references, parts, strict=True)
        for place, seed in enumerate(part)
    }
    start = [known[seed][1][0] for seed in compared] if answer["start"] else []
    good, found = agreement(
        case,
        (answer["scores"][: len(compared)], answer["start"][: len(compared)]),
        ([known[seed][0] for seed in compared], start),
    )
    what = case.rows
    yield row(what[0], f"{answer['device']}: {found}", took, good=good)
    if "again" in answer:
        good, found = same_bits(answer["scores"], answer["again"], answer["elsewhere"])
        yield row(what[1], found, answer["seconds"], good=good)
    else:
        yield Row(what[1], "one member on a CPU: nothing to compare", 0.0, "not run")
    rate = sum(reference["rate"] for reference in references)
    yield row(
        what[2],
        f"{answer['rate']:,.0f} with {size.members} at once; CPU, {count} at once: {rate:,.0f}; "
        f"ratio {answer['rate'] / rate:.2f}",
        took,
        good=answer["rate"] > 0,
    )


def agreement(
    case: Case,
    ours: tuple[Sequence[float], Sequence[float]],
    theirs: tuple[Sequence[float], Sequence[float]],
) -> tuple[bool, str]:
    """Whether scores agree as `tests.gpu_check.cases` says, and the numbers in words.

    Args:
        case: Says how close they must be.
        ours: Scores in the end, and numbers at the start where there are some.
        theirs: Those of the same seeds on a CPU.
    """
    differences = [a - b for a, b in zip(ours[0], theirs[0], strict=True)]
    mean = statistics.fmean(differences)
    error = (
        statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    )
    allowed = case.in_the_end + _STANDARD_ERRORS * error
    good = abs(mean) <= allowed and all(map(math.isfinite, ours[0]))
    said = (
        f"{case.score} {statistics.fmean(ours[0]):.4g}, CPU {statistics.fmean(theirs[0]):.4g}, "
        f"off by {abs(mean):.2g} over {len(differences)} seeds, {allowed:.2g} allowed"
    )
    if case.at_start is not None:
        largest = max(abs(a - b) for a, b in zip(ours[1], theirs[1], strict=True))
        good = good and largest <= case.at_start
        said += f"; at the start by {largest:.2g} at most, {case.at_start:g} allowed"
    return good, said


def same_bits(
    scores: Sequence[float], again: Sequence[float], elsewhere: Mapping[str, float]
) -> tuple[bool, str]:
    """Whether a population repeats to the bit, and its members with other neighbours.

    Args:
        scores: Of a population of seeds 1, 2, ...
        again: The same, once more.
        elsewhere: Of another population, by seed; some of them are among the first one's.
    """
    repeated = max(abs(a - b) for a, b in zip(scores, again, strict=False))
    first = dict(zip(range(1, 1 + len(again)), scores, strict=False))
    shared = [(first[int(seed)], one) for seed, one in elsewhere.items() if int(seed) in first]
    moved = max(abs(a - b) for a, b in shared)
    said = f"once more: off by {repeated:.2g}; {len(shared)} among others: off by {moved:.2g}"
    return repeated == 0 and moved == 0, said


def _start(
    case: Case, platform: str, members: int, seeds: Sequence[int], *, quick: bool
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.gpu_check.training", case.name, platform, str(members)]
    return subprocess.Popen(
        [*command, *map(str, seeds), *(["--quick"] if quick else [])],
        cwd=ROOT,
        env={**surroundings(), **as_a_worker(platform)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    if process.returncode:
        raise ChildProcessError(f"{process.args!r} ended with status {process.returncode}")
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer
