"""Sizes of the experiments: how PPO runs, how long, and on which tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["POINTS", "PROFILES", "TASKS", "Profile", "Setup", "Told"]


@dataclass(frozen=True)
class Profile:
    """Everything about PPO that no candidate decides.

    Args:
        environments: Run side by side.
        steps: Of each environment between updates.
        horizon: N of the search, in environment steps.
        epochs: Passes over a rollout.
        minibatches: Of a pass.
        learning_rate: Of Adam; an optimiser's steps are in units of it.
        discount: Gamma.
        trace: Lambda of generalised advantage estimation.
        entropy: Weight of the entropy bonus, where the candidate is no objective.
        value: Weight of the critic's loss.
        clip: Epsilon, of the critic's clipping and handed to drifts.
        gradient_norm: To which gradients are clipped.
        chunk: Parameters that an optimiser is given at once.
        width: Units of a hidden layer.
        activation: Of hidden layers.
        scaled: Whether observations and rewards are scaled by what was seen of them.
        judged: Episodes that a policy is judged by, at most as many as ``environments``.
    """

    environments: int
    steps: int
    horizon: int
    epochs: int = 4
    minibatches: int = 4
    learning_rate: float = 5e-4
    discount: float = 0.99
    trace: float = 0.95
    entropy: float = 0.01
    value: float = 0.5
    clip: float = 0.2
    gradient_norm: float = 0.5
    chunk: int = 2048
    width: int = 64
    activation: Literal["tanh", "relu"] = "tanh"
    scaled: bool = False
    judged: int = 16

    @property
    def samples(self) -> int:
        """Environment steps of one rollout."""
        return self.environments * self.steps

    @property
    def minibatch(self) -> int:
        """Samples of one update."""
        return self.samples // self.minibatches

    @property
    def updates(self) -> int:
        """Updates after one rollout."""
        return self.epochs * self.minibatches


@dataclass(frozen=True)
class Told:
    """What a candidate is told of the time, where it is not the truth.

    Args:
        frozen: t throughout training, or None.
        reversed: 1 - t instead of t.
        search_horizon: log N of the search, whatever the horizon.
    """

    frozen: float | None = None
    reversed: bool = False
    search_horizon: bool = False


@dataclass(frozen=True)
class Setup:
    """One task.

    Args:
        environment: Gymnax's name, or Brax's after ``brax:``.
        profile: Sizes.
        horizon: N, environment steps of a whole training.
        told: What the candidate is told.
    """

    environment: str
    profile: Profile
    horizon: int
    told: Told = Told()


_CONTROL = Profile(environments=16, steps=32, horizon=100_000)
_ENVIRONMENTS = {
    "cartpole": "CartPole-v1",
    "frozen_lake": "FrozenLake-misc",
    "breakout": "Breakout-MinAtar",
    "acrobot": "Acrobot-v1",
    "freeway": "Freeway-MinAtar",
    "space_invaders": "SpaceInvaders-MinAtar",
    "asterix": "Asterix-MinAtar",
    "ant": "brax:ant",
}
_HORIZONS = {"quarter": 0.25, "half": 0.5, "double": 2.0, "quadruple": 4.0}
_TOLD = {
    "time_start": Told(frozen=0.0),
    "time_middle": Told(frozen=0.5),
    "time_end": Told(frozen=1.0),
    "time_reversed": Told(reversed=True),
}

POINTS = 10
"""At how many points of training, evenly spread, a policy is judged."""


def _tasks(
    profiles: Mapping[str, Profile], search: tuple[str, ...], horizons: tuple[str, ...]
) -> dict[str, Setup]:
    """The environments of ``profiles``, other horizons of some, and what time is misstated in."""
    tasks = {
        name: Setup(_ENVIRONMENTS[name], profile, profile.horizon)
        for name, profile in profiles.items()
    }
    for name in horizons:
        for word, factor in _HORIZONS.items():
            plain = tasks[name]
            tasks[f"{name}_{word}"] = replace(plain, horizon=int(plain.horizon * factor))
        for word in ("quarter", "quadruple"):
            own = tasks[f"{name}_{word}"]
            told = Told(search_horizon=True)
            tasks[f"{name}_{word}_log_horizon"] = replace(own, told=told)
    for name in search:
        for word, told in _TOLD.items():
            tasks[f"{name}_{word}"] = replace(tasks[name], told=told)
    return tasks


_MINATAR = replace(_CONTROL, activation="relu")
_LARGE = replace(
    _MINATAR, environments=64, steps=128, minibatches=8, learning_rate=5e-3, horizon=10_000_000
)
_ROBOTS = Profile(
    environments=2048,
    steps=10,
    horizon=30_000_000,
    minibatches=32,
    learning_rate=3e-4,
    entropy=0.0,
    width=256,
    scaled=True,
)

PROFILES: Mapping[str, Mapping[str, Setup]] = {
    "cpu": _tasks(
        {
            **dict.fromkeys(("cartpole", "frozen_lake", "acrobot"), _CONTROL),
            **dict.fromkeys(("breakout", "freeway", "space_invaders"), _MINATAR),
        },
        search=("cartpole", "frozen_lake", "breakout"),
        horizons=("cartpole", "breakout"),
    ),
    "gpu": _tasks(
        dict.fromkeys(("space_invaders", "breakout", "asterix", "freeway"), _LARGE),
        search=("space_invaders", "breakout"),
        horizons=("space_invaders",),
    ),
    "brax": _tasks({"ant": _ROBOTS}, search=("ant",), horizons=("ant",)),
}
"""Every task by its name in ``template.toml``, for each choice of the setting ``profile``."""

TASKS = PROFILES["cpu"]
"""Those of the default profile."""
