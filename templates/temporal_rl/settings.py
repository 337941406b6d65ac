"""Sizes of the experiments: how PPO runs on each kind of machine, and on which tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["HORIZON", "POINTS", "TASKS", "Profile", "Setup", "Told"]


@dataclass(frozen=True)
class Profile:
    """Everything about PPO that no candidate decides.

    Args:
        environments: Run side by side.
        steps: Of each environment between updates.
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
    """

    environments: int
    steps: int
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
        environment: Gymnax's name.
        profile: Sizes.
        horizon: N, environment steps of a whole training.
        told: What the candidate is told.
    """

    environment: str
    profile: Profile
    horizon: int
    told: Told = Told()


_CONTROL = Profile(environments=16, steps=32)
_MINATAR = Profile(environments=16, steps=32, activation="relu")
_ENVIRONMENTS = {
    "cartpole": ("CartPole-v1", _CONTROL),
    "frozen_lake": ("FrozenLake-misc", _CONTROL),
    "breakout": ("Breakout-MinAtar", _MINATAR),
    "acrobot": ("Acrobot-v1", _CONTROL),
    "freeway": ("Freeway-MinAtar", _MINATAR),
    "space_invaders": ("SpaceInvaders-MinAtar", _MINATAR),
}
_SEARCH = ("cartpole", "frozen_lake", "breakout")
_HORIZONS = {"quarter": 0.25, "half": 0.5, "double": 2.0, "quadruple": 4.0}
_TOLD = {
    "time_start": Told(frozen=0.0),
    "time_middle": Told(frozen=0.5),
    "time_end": Told(frozen=1.0),
    "time_reversed": Told(reversed=True),
}
HORIZON = 100_000
"""N of the search, in environment steps."""

POINTS = 10
"""At how many points of training, evenly spread, a policy is judged."""


def _tasks() -> dict[str, Setup]:
    tasks = {name: Setup(*found, HORIZON) for name, found in _ENVIRONMENTS.items()}
    for name in ("cartpole", "breakout"):
        for word, factor in _HORIZONS.items():
            tasks[f"{name}_{word}"] = Setup(*_ENVIRONMENTS[name], int(HORIZON * factor))
        for word in ("quarter", "quadruple"):
            own = tasks[f"{name}_{word}"]
            told = Told(search_horizon=True)
            tasks[f"{name}_{word}_log_horizon"] = replace(own, told=told)
    for name in _SEARCH:
        for word, told in _TOLD.items():
            tasks[f"{name}_{word}"] = replace(tasks[name], told=told)
    return tasks


TASKS = _tasks()
"""Every task of ``template.toml`` by name."""
