"""Sizes of the experiments: how the agent learns, for how long, and on which tasks and maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from templates.omni.tasks import TaskSpace, renamed_tasks, standard_tasks

__all__ = ["POINTS", "PROFILES", "TASKS", "Profile", "Setup", "points_of"]

POINTS = 10
"""At how many points of training, evenly spread, an agent is judged."""

_POSSIBLE = 128
_SPACES: Mapping[str, Callable[[int], TaskSpace]] = {
    "standard": standard_tasks,
    "renamed": renamed_tasks,
}


def points_of(generations: int, points: int = POINTS) -> set[int]:
    """After which generations, from 0, an agent is judged; evenly spread, the last one included."""
    points = min(points, generations)
    return {round((point + 1) * generations / points) - 1 for point in range(points)}


@dataclass(frozen=True)
class Profile:
    """Everything about learning that no candidate decides.

    Args:
        tasks: Of a task space, impossible ones included.
        horizon: N of the search, in environment steps.
        environments: Run side by side.
        steps: Of each environment in one rollout; also how far gradients reach back.
        rollouts: Of one generation, after which the sampler is asked anew.
        limit: Steps after which a task has failed.
        maps: Of a pool.
        measured: Episodes of each possible task after each generation.
        judged: Episodes of each task of the bank at each point.
        epochs: Passes over a rollout.
        minibatches: Of a pass; each takes its share of the environments.
        learning_rate: Of Adam.
        discount: Gamma.
        trace: Lambda of generalised advantage estimation.
        entropy: Weight of the entropy bonus.
        value: Weight of the critic's loss.
        clip: Epsilon of PPO.
        spread: Least standard deviation that advantages are divided by. Where nearly nothing is
            rewarded they are nearly all noise, which must not be blown up.
        gradient_norm: To which gradients are clipped.
        width: Units of the layer that reads an observation.
        memory: Units of the recurrent layer.
    """

    tasks: int
    horizon: int
    environments: int
    steps: int
    rollouts: int
    limit: int
    maps: int = 64
    measured: int = 4
    judged: int = 2
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 1e-3
    discount: float = 0.98
    trace: float = 0.95
    entropy: float = 0.01
    value: float = 0.5
    clip: float = 0.2
    spread: float = 0.1
    gradient_norm: float = 0.5
    width: int = 64
    memory: int = 64

    @property
    def generation(self) -> int:
        """Environment steps between two choices."""
        return self.environments * self.steps * self.rollouts


@dataclass(frozen=True)
class Setup:
    """One task of the template: a task space, maps and a horizon.

    Args:
        profile: Sizes.
        horizon: N, environment steps of a whole training.
        space: ``standard`` or ``renamed``.
        seed: Of the maps that are learned on; those that are judged on are others.
    """

    profile: Profile
    horizon: int
    space: str = "standard"
    seed: int = 0

    @property
    def generations(self) -> int:
        """How often the sampler is asked."""
        return max(1, self.horizon // self.profile.generation)

    @property
    def tasks(self) -> TaskSpace:
        """The task space in a fixed order that says nothing; see `order`."""
        return _shuffled(self.space, self.profile.tasks)


@cache
def _shuffled(space: str, count: int) -> TaskSpace:
    plain = _SPACES[space](count - _POSSIBLE).tasks
    return TaskSpace(tuple(plain[place] for place in order(count)))


def order(count: int) -> tuple[int, ...]:
    """Which task of a space (interesting ones first) stands at each place that a sampler sees."""
    return tuple(int(place) for place in np.random.default_rng(105).permutation(count))


_CPU = Profile(tasks=512, horizon=1_048_576, environments=64, steps=64, rollouts=4, limit=128)
_GPU = Profile(
    tasks=1151,
    horizon=100_663_296,
    environments=1024,
    steps=128,
    rollouts=4,
    limit=300,
    judged=4,
    minibatches=8,
    learning_rate=5e-4,
    discount=0.99,
    width=256,
    memory=256,
)


def _tasks(profile: Profile) -> dict[str, Setup]:
    plain = Setup(profile, profile.horizon)
    return {
        "standard": plain,
        "other_maps": replace(plain, seed=7),
        "other_words": replace(plain, space="renamed"),
        "half": replace(plain, horizon=profile.horizon // 2),
        "double": replace(plain, horizon=profile.horizon * 2),
    }


PROFILES: Mapping[str, Mapping[str, Setup]] = {"cpu": _tasks(_CPU), "gpu": _tasks(_GPU)}
"""Every task by its name in ``template.toml``, for each choice of the setting ``profile``."""

TASKS = PROFILES["cpu"]
"""Those of the default profile."""
