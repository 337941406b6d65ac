"""What is trained on the platform and on a CPU, at which size, and how close it must come.

Scores cannot be equal to the bit across platforms. A GPU sums in another order and multiplies
matrices of float32 with fewer bits (TF32), and where policies sample, one action that comes out
differently makes the rest of a training another one. So two things are asked for:

- At the start, before differences can grow, each seed's number must be within ``at_start`` of the
  CPU's: what a policy that has learned nothing earns, or the score after three updates.
- In the end the mean of the paired differences over seeds must be within ``in_the_end`` plus four
  of its standard errors: with fifteen seeds so far off is about one of a thousand comparisons of
  what is the same.

That tells a broken training from a sound one, not the best of two sound ones. On one platform, by
contrast, the same seeds must give the same bits, whoever shares their population.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["CASES", "Case", "Size"]


@dataclass(frozen=True)
class Size:
    """How much of a case is trained.

    Args:
        members: Of a population on the platform.
        reference: Seeds that a CPU trains as well, one at a time.
        length: Rollouts of temporal_rl, generations of omni; 0 for what ``values`` say.
        effort: Of preference_loss.
        values: Of an experiment's task, in place of its own.
    """

    members: int
    reference: int
    length: int = 0
    effort: str = "full"
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One template as it is trained here.

    Args:
        template: Its name.
        kind: What trains it: see `tests.gpu_check.training`.
        score: Name of the number that is compared: a metric, or a list in the detail of a result,
            of which the mean is taken.
        unit: What a rate counts, each second.
        at_start: Largest difference of a seed at the start; None where there is no such number.
        in_the_end: Largest mean difference in the end, before standard errors.
        full: Size on a GPU.
        quick: Smallest size, for a test of the check itself.
        settings: Choices of the template.
        baseline: Path below the template's baselines; empty for an untouched experiment.
        limit_s: After so many seconds the check is ended.
    """

    template: str
    kind: str
    score: str
    unit: str
    at_start: float | None
    in_the_end: float
    full: Size
    quick: Size
    settings: Mapping[str, str] = field(default_factory=dict)
    baseline: str = ""
    limit_s: float = 90.0

    @property
    def name(self) -> str:
        """The template with what was chosen of its settings."""
        return "-".join([self.template, *self.settings.values()])

    @property
    def rows(self) -> tuple[str, ...]:
        """What the check's rows are about."""
        return (
            f"{self.name}: platform against CPU",
            f"{self.name}: same seeds, same bits",
            f"{self.name}: {self.unit} per second",
        )

    def size(self, *, quick: bool) -> Size:
        """The size to train."""
        return self.quick if quick else self.full


def _temporal(level: str, baseline: str) -> Case:
    return Case(
        template="temporal_rl",
        kind="temporal",
        settings={"level": level},
        baseline=f"{level}/{baseline}.py",
        score="return on CartPole",
        unit="environment steps",
        at_start=0.5,
        in_the_end=5.0,
        full=Size(members=32, reference=15, length=195),
        quick=Size(members=2, reference=1, length=10),
    )


def _experiment(template: str, score: str, tolerance: float, full: Size, quick: Size) -> Case:
    return Case(
        template=template,
        kind="experiment",
        settings={"profile": "gpu"},
        score=score,
        unit="optimiser steps",
        at_start=None,
        in_the_end=tolerance,
        full=full,
        quick=quick,
    )


_CASES = (
    Case(
        template="preference_loss",
        kind="preference",
        baseline="dpo.py",
        score="reward_at_kl",
        unit="policy updates",
        at_start=0.01,
        in_the_end=0.005,
        full=Size(members=16, reference=15),
        quick=Size(members=2, reference=1, effort="smoke"),
    ),
    _temporal("drift", "ppo"),
    Case(
        template="omni",
        kind="omni",
        baseline="learning_progress.py",
        score="success",
        unit="environment steps",
        at_start=None,
        in_the_end=0.01,
        full=Size(members=16, reference=15, length=6),
        quick=Size(members=2, reference=1, length=2),
    ),
    _experiment(
        "grokking",
        "known",
        0.05,
        Size(1, 2, values={"steps": 1500, "checkpoints": 3}),
        Size(
            1, 1, values={"symbols": 13, "steps": 100, "checkpoints": 2, "known": 84, "hidden": 85}
        ),
    ),
    _experiment(
        "diffusion_2d",
        "kl",
        0.1,
        Size(1, 2, values={"steps": 1000, "samples": 2000, "hidden": 2000}),
        Size(1, 1, values={"steps": 200, "samples": 64, "known": 200, "hidden": 64}),
    ),
    _experiment(
        "char_lm",
        "nats_per_character",
        0.02,
        Size(1, 2, values={"context": 32, "steps": 400, "checkpoints": 2, "hidden": 512}),
        Size(
            members=1,
            reference=1,
            values={"context": 16, "steps": 60, "checkpoints": 1, "known": 10_000, "hidden": 64},
        ),
    ),
    _temporal("objective", "ppo"),
    _temporal("optimiser", "adam"),
)
CASES: Mapping[str, Case] = {case.name: case for case in _CASES}
"""Every case by its name, most important first."""
