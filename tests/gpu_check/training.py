"""Trains a case on one platform and says what came of it: a process of its own, since JAX has but
one default device and a GPU's memory is to be free again.

Usage: python -m tests.gpu_check.training CASE PLATFORM MEMBERS SEED ... [--quick]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import jax

from templates.native import load_native
from templates.registry import load_template
from tests.gpu_check.cases import CASES, Case, Size

__all__ = ["Trained", "trained"]

# Seeds that nobody asked for, who share a population with some that somebody did.
_STRANGERS = 1_000_000


class Trained(Protocol):
    """A case, ready to be trained on the platform of this process."""

    def run(self, seeds: Sequence[int]) -> list[float]:
        """Scores of a population of these seeds, in their order."""
        ...

    def start(self, seeds: Sequence[int]) -> list[float] | None:
        """Numbers that differences had no time to grow in, where there are some."""
        ...

    def rate(self, seeds: Sequence[int]) -> float:
        """Steps a second of a training of these seeds, compilation left out."""
        ...


class _Timed:
    """What trains populations of a fixed size and knows how many steps a member makes."""

    def __init__(self, case: Case) -> None:
        self._template = load_template(case.template, dict(case.settings))
        self._path = self._template.path / "baselines" / case.baseline
        self._signature = self._template.spec.functions[0]

    def run(self, seeds: Sequence[int]) -> list[float]:
        raise NotImplementedError

    def start(self, seeds: Sequence[int]) -> list[float] | None:
        return None

    @property
    def steps(self) -> int:
        raise NotImplementedError

    def rate(self, seeds: Sequence[int]) -> float:
        began = time.perf_counter()
        self.run(seeds)
        return self.steps * len(seeds) / (time.perf_counter() - began)


class _Preference(_Timed):
    def __init__(self, case: Case, size: Size, platform: str, members: int) -> None:
        from templates.preference_loss.core import PreferenceLossCore
        from templates.preference_loss.settings import BETAS, EFFORTS

        super().__init__(case)
        self._effort, self._metric = size.effort, case.score
        self._core = PreferenceLossCore(platform)
        together = members * len(BETAS)
        self._functions = {"loss": load_native(self._path, self._signature, together)}
        self._steps = EFFORTS[size.effort] * len(BETAS)

    @property
    def steps(self) -> int:
        return self._steps

    def run(self, seeds: Sequence[int]) -> list[float]:
        return self._score(seeds, self._effort)

    def start(self, seeds: Sequence[int]) -> list[float] | None:
        return self._score(seeds, "smoke")

    def _score(self, seeds: Sequence[int], effort: str) -> list[float]:
        found = self._core.evaluate(
            self._functions, effort=effort, task="sentiment", seeds=list(seeds)
        )
        return [one.metrics[self._metric] for one in found]


class _Temporal(_Timed):
    def __init__(self, case: Case, size: Size, platform: str, members: int) -> None:
        from templates.temporal_rl.levels import LEVELS
        from templates.temporal_rl.settings import TASKS
        from templates.temporal_rl.training import Trainer

        super().__init__(case)
        level = LEVELS[case.settings["level"]]
        self._setup = TASKS["cartpole"]
        self._rollouts = size.length
        self._trainer = Trainer(self._setup.environment, self._setup.profile, level)
        population = members * level.share(self._setup.profile)
        self._functions = {
            self._signature.name: load_native(self._path, self._signature, population)
        }

    @property
    def steps(self) -> int:
        return self._rollouts * self._setup.profile.samples

    def run(self, seeds: Sequence[int]) -> list[float]:
        from templates.temporal_rl.normalization import late_return

        record = self._trainer.train(self._functions, self._setup, list(seeds), self._rollouts)
        return [float(one) for one in late_return(record.returns)]

    def start(self, seeds: Sequence[int]) -> list[float] | None:
        return [float(one) for one in self._trainer.random_return(list(seeds))]


class _Omni(_Timed):
    def __init__(self, case: Case, size: Size, platform: str, members: int) -> None:
        from templates.omni.core import OmniCore
        from templates.omni.settings import PROFILES, Setup

        super().__init__(case)
        profile = PROFILES["cpu"]["standard"].profile
        if size is case.quick:
            profile = replace(profile, environments=16, steps=16, rollouts=1)
        setup = Setup(profile, size.length * profile.generation)
        self._steps, self._metric = setup.horizon, case.score
        self._core = OmniCore(platform, tasks={"standard": setup})
        self._functions = {"weights": load_native(self._path, self._signature, members)}

    @property
    def steps(self) -> int:
        return self._steps

    def run(self, seeds: Sequence[int]) -> list[float]:
        found = self._core.evaluate(
            self._functions, effort="full", task="standard", seeds=list(seeds)
        )
        return [one.metrics[self._metric] for one in found]


def trained(case: Case, size: Size, platform: str, members: int) -> Trained:
    """What trains a case.

    Args:
        case: Which.
        size: How much of it; one of the case's own two.
        platform: ``cpu`` or ``cuda``; JAX's default device must be of it.
        members: Of every population.
    """
    if case.kind == "experiment":
        from tests.gpu_check.experiments import Untouched

        return Untouched(case, size)
    kinds: dict[str, type[_Preference | _Temporal | _Omni]] = {
        "preference": _Preference,
        "temporal": _Temporal,
        "omni": _Omni,
    }
    return kinds[case.kind](case, size, platform, members)


def neighbours(seeds: Sequence[int]) -> list[int]:
    """Another population of the same size: strangers first, then the first half, turned round."""
    kept = list(seeds[: (len(seeds) + 1) // 2])[::-1]
    return [_STRANGERS + place for place in range(len(seeds) - len(kept))] + kept


def main() -> None:
    """Train, and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description="Train a case on one platform.")
    parser.add_argument("case", choices=list(CASES))
    parser.add_argument("platform", choices=["cpu", "cuda"])
    parser.add_argument("members", type=int)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    case, members, seeds = CASES[chosen.case], chosen.members, chosen.seeds
    began = time.perf_counter()
    trains = trained(case, case.size(quick=chosen.quick), chosen.platform, members)
    parts = [seeds[at : at + members] for at in range(0, len(seeds), members)]
    start: list[float] = []
    for part in parts:
        start += trains.start(part) or []
    scores = [score for part in parts for score in trains.run(part)]
    answer: dict[str, Any] = {"start": start, "scores": scores}
    if chosen.platform == "cuda" or members > 1:
        other = neighbours(parts[0])
        answer["again"] = trains.run(parts[0])
        answer["elsewhere"] = dict(zip(map(str, other), trains.run(other), strict=True))
    answer["rate"] = trains.rate(parts[-1])
    answer["device"] = jax.devices()[0].device_kind
    answer["seconds"] = time.perf_counter() - began
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
