"""The evaluation core: a candidate trains agents and is scored by what they earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.contract import BoundFunction, SeedResult
from templates.temporal_rl.curves import curves_of
from templates.temporal_rl.levels import LEVELS, SLOTS
from templates.temporal_rl.probes import probe_arguments
from templates.temporal_rl.score import results
from templates.temporal_rl.settings import POINTS, PROFILES, Setup
from templates.temporal_rl.training import Trainer

__all__ = ["TemporalRLCore"]

_SMOKE_ROLLOUTS = POINTS
_MEMBERS = {"cpu": 1, "cuda": 32}


class TemporalRLCore:
    """Trains agents with PPO of which the candidate is a part; satisfies `FunctionCore`.

    Args:
        platform: "cpu" or "cuda".
        profile: Sizes and tasks: ``cpu``, ``gpu`` or ``brax``; each runs on either platform.
        level: What candidates are: ``drift``, ``objective`` or ``optimiser``.

    Raises:
        KeyError: For another platform, profile or level.
    """

    def __init__(self, platform: str, profile: str = "cpu", level: str = "drift") -> None:
        self._tasks = PROFILES[profile]
        profiles = {setup.environment: setup.profile for setup in self._tasks.values()}
        self._profile = next(iter(profiles.values()))
        self._members = _MEMBERS[platform]
        self._level = LEVELS[level]
        self._trainers = {name: Trainer(name, own, self._level) for name, own in profiles.items()}

    def warm_up(self) -> None:
        """Compile acting and judging in every environment."""
        required = self._level.names[0]
        functions = {required: _Nothing(self._members * self._level.share(self._profile))}
        for name, trainer in self._trainers.items():
            setup = next(setup for setup in self._tasks.values() if setup.environment == name)
            trainer.train(functions, setup, [0] * self._members, rollouts=POINTS)

    def probes(self) -> Mapping[str, Sequence[tuple[NDArray[np.float32], ...]]]:
        """Samples as training has them, and beyond."""
        population = self._members * self._level.share(self._profile)
        found = probe_arguments(population, self._profile.horizon)
        return {name: found[name] for name in self._level.names}

    def curves(self, functions: Mapping[str, BoundFunction]) -> Mapping[str, Any]:
        """The candidate over ratio, advantage and time, and whether a drift is one."""
        return curves_of(functions, self._profile)

    def evaluate(
        self,
        functions: Mapping[str, BoundFunction],
        *,
        effort: str,
        task: str,
        seeds: Sequence[int],
    ) -> list[SeedResult]:
        """Train an agent for each seed; see `FunctionCore`.

        Raises:
            KeyError: For an unknown function or task.
            ValueError: Where the functions' population is not made for a number of agents.
        """
        setup = self._tasks[task]
        population = next(iter(functions.values())).population
        share = self._level.share(setup.profile)
        together, rest = divmod(population, share)
        if rest or not together:
            raise ValueError(f"the population {population} is no multiple of {share}")
        rollouts = _SMOKE_ROLLOUTS if effort == "smoke" else None
        found: list[SeedResult] = []
        for start in range(0, len(seeds), together):
            found += self._together(
                functions, task, setup, list(seeds[start : start + together]), together, rollouts
            )
        return found

    def _together(
        self,
        functions: Mapping[str, BoundFunction],
        task: str,
        setup: Setup,
        seeds: list[int],
        together: int,
        rollouts: int | None,
    ) -> list[SeedResult]:
        # A program has one fixed population: fill it with repeats and drop their results.
        filled = seeds + [seeds[-1]] * (together - len(seeds))
        trainer = self._trainers[setup.environment]
        record = trainer.train(functions, setup, filled, rollouts)
        return results(task, setup, seeds, record)


class _Nothing:
    """A function whose slopes are zero, to compile everything else with."""

    def __init__(self, population: int) -> None:
        self.population = population

    def value(self, *arguments: jax.Array) -> jax.Array:
        return jnp.zeros((self.population, 1 + SLOTS))

    def vjp(self, *arguments_and_cotangent: jax.Array) -> tuple[jax.Array, ...]:
        zeros = 0.0 * arguments_and_cotangent[0]
        return (zeros, zeros, zeros)[: 2 if len(arguments_and_cotangent) == 7 else 3]
