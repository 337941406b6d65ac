"""Who goes on to the next tier, and who is a discovery.

Everything compares on common seeds, so that the noise which candidates share cancels; gains are
signed so that positive is better whichever way the metric runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.evaluation.seeds import Job
from agent.evaluation.statistics import Estimate, interval, paired_difference
from templates.contract import Direction

__all__ = ["Verdict", "best_of", "gain", "goes_on", "judge", "summarize"]

# A candidate leaves the race when this interval of its gain lies below zero.
RACING_CONFIDENCE = 0.9

Scores = Mapping[Job, float]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a confirmation.

    Args:
        gain: On fresh seeds of the search tasks, over the best baseline there.
        gain_over: That baseline.
        held_out_gain: On the held-out tasks, each weighing the same, over the best baseline there;
            None where a template has no held-out task.
        held_out_over: That baseline.
    """

    gain: Estimate
    gain_over: str
    held_out_gain: Estimate | None
    held_out_over: str | None

    @property
    def holds(self) -> bool:
        """Whether both intervals exclude the best baseline."""
        return self.gain.low > 0 and (self.held_out_gain is None or self.held_out_gain.low > 0)


def summarize(scores: Scores) -> Estimate:
    """Mean with its 95 % interval, stratified by task.

    A mean and not an interquartile mean: gains are means of paired differences, and a ranking must
    not contradict them.
    """
    by_task: dict[str, list[float]] = {}
    for (task, _), score in sorted(scores.items()):
        by_task.setdefault(task, []).append(score)
    return interval(by_task)


def gain(
    scores: Scores, baseline: Scores, direction: Direction, confidence: float = 0.95
) -> Estimate:
    """Paired gain over a baseline, positive is better."""
    sign = direction.sign
    return paired_difference(
        {job: sign * score for job, score in scores.items()},
        {job: sign * score for job, score in baseline.items()},
        confidence,
    )


def best_of(table: Mapping[str, Scores], direction: Direction) -> str:
    """The name with the best mean; ties go to the first name in alphabetical order.

    Raises:
        ValueError: The table is empty.
    """
    return min(table, key=lambda name: (-direction.sign * _mean(table[name]), name))


def goes_on(scores: Scores, best: Scores, direction: Direction) -> bool:
    """Whether a candidate may still be as good as the best baseline."""
    return gain(scores, best, direction, RACING_CONFIDENCE).high >= 0


def judge(
    scores: Scores,
    baselines: Mapping[str, Scores],
    direction: Direction,
    *,
    search_tasks: tuple[str, ...],
    confidence: float,
) -> Verdict:
    """Compare a candidate's confirm tier with the best baseline, on each side of the split.

    The best baseline is chosen on the very seeds of the comparison, which is to its advantage.

    Args:
        scores: The candidate's, on fresh seeds and held-out tasks.
        baselines: The baselines' on the same jobs.
        direction: Of the primary metric.
        search_tasks: Which tasks the search looked at; the others are held out.
        confidence: Of the intervals.
    """

    def compare(search: bool) -> tuple[Estimate, str] | None:
        def part(of: Scores) -> dict[Job, float]:
            return {job: x for job, x in of.items() if (job[0] in search_tasks) == search}

        mine = part(scores)
        if not mine:
            return None
        table = {name: part(baseline) for name, baseline in baselines.items()}
        best = best_of(table, direction)
        return gain(mine, table[best], direction, confidence), best

    seen = compare(search=True)
    if seen is None:
        raise ValueError("no fresh seed of a search task was measured")
    held_out = compare(search=False)
    return Verdict(
        seen[0], seen[1], held_out[0] if held_out else None, held_out[1] if held_out else None
    )


def _mean(scores: Scores) -> float:
    """Mean over tasks of the mean over seeds."""
    by_task: dict[str, list[float]] = {}
    for (task, _), score in scores.items():
        by_task.setdefault(task, []).append(score)
    if not by_task:
        raise ValueError("there is nothing to compare")
    means = [sum(part) / len(part) for part in by_task.values()]
    return sum(means) / len(means)
