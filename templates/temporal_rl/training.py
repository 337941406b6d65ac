"""Whole trainings: acting and updating in turn, for as many steps as are asked for.

Three programs of each environment are compiled without knowing a candidate: the start, the rollout
and the judging of a policy. The fourth, the updates after a rollout, has the candidate inside. The
loop over rollouts is Python's, so the horizon is a number like any other and nothing is compiled
anew for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.temporal_rl.environments import make_environment
from templates.temporal_rl.learning import Learner, Outcome
from templates.temporal_rl.levels import Functions, Level
from templates.temporal_rl.network import ActorCritic
from templates.temporal_rl.population import each
from templates.temporal_rl.rollout import (
    Experience,
    Runner,
    collect,
    episode_returns,
    fresh_runner,
)
from templates.temporal_rl.scales import Scales
from templates.temporal_rl.settings import POINTS, Profile, Setup

__all__ = ["Record", "Trainer"]

Floats = NDArray[np.float64]


class Record(NamedTuple):
    """What trainings showed; arrays ``[seeds, points]``.

    Attributes:
        returns: Mean undiscounted return of the policy at each point.
        entropy: Mean over the updates between two points, in nats.
        beyond_clip: Share of samples whose probability ratio is further from 1 than epsilon.
        divergence: Of a rollout's updates from the policy that acted, in nats.
        finite: Whether all parameters were finite in the end, ``[seeds]``.
    """

    returns: Floats
    entropy: Floats
    beyond_clip: Floats
    divergence: Floats
    finite: NDArray[np.bool_]


class Trainer:
    """Trains on one environment; its programs serve every horizon and, but one, every candidate.

    Args:
        environment: Gymnax's name, or Brax's after ``brax:``.
        profile: Sizes.
        level: What candidates decide.
    """

    def __init__(self, environment: str, profile: Profile, level: Level) -> None:
        self._environment = make_environment(environment)
        self._profile = profile
        size, actions = self._environment.size, self._environment.actions
        self._network = ActorCritic(
            size, actions, profile.width, profile.activation, self._environment.continuous
        )
        self._learner = Learner(self._network, profile, level)
        self._start = jax.jit(self._begin)
        self._collect = jax.jit(self._roll, donate_argnums=1)
        self._judge = jax.jit(self._returns)
        self._last: tuple[object, Any] | None = None

    def train(
        self,
        functions: Functions | Callable[[Any], Functions],
        setup: Setup,
        seeds: Sequence[int],
        rollouts: int | None = None,
        *,
        judged: bool = True,
        weights: Any = None,
    ) -> Record:
        """Train one policy for each seed.

        Args:
            functions: The candidate, exported for as many samples as all seeds' minibatches hold;
                or what makes it of ``weights``, compiled once for all weights.
            setup: The task; its environment is this trainer's.
            seeds: 31 bits each.
            rollouts: Stop after so many; None for the whole horizon.
            judged: Whether to judge policies on the way; without it all returns are zero.
            weights: Arrays, handed to ``functions`` where that is no mapping.
        """
        update = self._update_of(functions)
        # Committed to the device, as everything is that an exported function had a part in: else
        # the first candidate would have all programs compiled once more for committed arrays.
        keys = jax.device_put(_keys(seeds), jax.devices()[0])
        vectors, runner = self._start(keys)
        begun = self._learner.start(_made(functions, weights), vectors)
        state, weights = jax.device_put((begun, weights), jax.devices()[0])
        whole = max(1, setup.horizon // self._profile.samples)
        # Time passes on the device: numbers handed over before each rollout would cost more.
        clock = jax.device_put(_clock(setup, whole), jax.devices()[0])
        place = jax.device_put(np.int32(0), jax.devices()[0])
        count = min(whole, rollouts or whole)
        ends = {round((point + 1) * count / POINTS) - 1 for point in range(POINTS)}
        returns: list[Any] = []
        outcomes: list[list[Outcome]] = [[]]
        for rollout in range(count):
            runner, experience = self._collect(vectors, runner, keys, place)
            vectors, state, place, outcome = update(
                weights, vectors, state, experience, place, clock
            )
            outcomes[-1].append(outcome)
            if rollout in ends:
                unseen = np.zeros(len(seeds), np.float32)
                returns.append(
                    self._judge(vectors, keys, place, runner.scales) if judged else unseen
                )
                outcomes.append([])
        return _record(jax.device_get(returns), jax.device_get(outcomes[:-1]), np.asarray(vectors))

    def random_return(self, seeds: Sequence[int]) -> Floats:
        """Returns of policies that have not learned anything: ``[seeds]``."""
        keys = _keys(seeds)
        vectors, runner = self._start(keys)
        # Logits of zero: each action is as likely as any other; a vector is standard normal.
        returns = self._judge(jnp.zeros_like(vectors), keys, np.int32(0), runner.scales)
        return np.asarray(returns, np.float64)

    def _begin(self, keys: jax.Array) -> tuple[jax.Array, Runner]:
        def one(key: jax.Array) -> tuple[jax.Array, Runner]:
            weights_key, runner_key = jax.random.split(jax.random.fold_in(key, 0))
            runner = fresh_runner(
                self._environment,
                runner_key,
                self._profile.environments,
                scaled=self._profile.scaled,
            )
            return self._network.initial(weights_key), runner

        begun: tuple[jax.Array, Runner] = each(one, keys)
        return begun

    def _roll(
        self, vectors: jax.Array, runner: Runner, keys: jax.Array, rollout: jax.Array
    ) -> tuple[Runner, Experience]:
        def one(vector: jax.Array, runner: Runner, key: jax.Array) -> tuple[Runner, Experience]:
            own = jax.random.fold_in(jax.random.fold_in(key, 1), rollout)
            return collect(self._environment, self._network, self._profile, vector, runner, own)

        rolled: tuple[Runner, Experience] = each(one, vectors, runner, keys)
        return rolled

    def _returns(
        self, vectors: jax.Array, keys: jax.Array, rollout: jax.Array, scales: Scales | None
    ) -> jax.Array:
        """Mean return over episodes, ``[members]``."""

        def one(vector: jax.Array, key: jax.Array, scales: Scales | None) -> jax.Array:
            own = jax.random.fold_in(jax.random.fold_in(key, 2), rollout)
            return episode_returns(
                self._environment, self._network, self._profile, vector, own, scales
            ).mean()

        returns: jax.Array = each(one, vectors, keys, scales)
        return returns

    def _update_of(self, functions: Functions | Callable[[Any], Functions]) -> Any:
        """The compiled updates; those of the last candidate are kept, since seeds come in a row."""
        if self._last is None or self._last[0] is not functions:

            def update(
                weights: Any,
                vectors: jax.Array,
                state: Any,
                experience: Experience,
                place: jax.Array,
                clock: _Clock,
            ) -> tuple[jax.Array, Any, jax.Array, Outcome]:
                elapsed = clock.start + place * clock.each
                vectors, state, outcome = self._learner.update(
                    _made(functions, weights),
                    vectors,
                    state,
                    experience,
                    elapsed,
                    clock.log_horizon,
                )
                return vectors, state, place + 1, outcome

            self._last = (functions, jax.jit(update, donate_argnums=(1, 2)))
        return self._last[1]


def _made(functions: Functions | Callable[[Any], Functions], weights: Any) -> Functions:
    return functions(weights) if callable(functions) else functions


def _keys(seeds: Sequence[int]) -> jax.Array:
    return jnp.stack([jax.random.key(seed) for seed in seeds])


class _Clock(NamedTuple):
    """What a candidate is told of the time: t at the start, its change with each rollout, log N."""

    start: jax.Array
    each: jax.Array
    log_horizon: jax.Array


def _clock(setup: Setup, rollouts: int) -> _Clock:
    told = setup.told
    start, each_rollout = 0.0, 1.0 / rollouts
    if told.frozen is not None:
        start, each_rollout = told.frozen, 0.0
    elif told.reversed:
        start, each_rollout = 1.0, -each_rollout
    horizon = setup.profile.horizon if told.search_horizon else setup.horizon
    return _Clock(*map(jnp.float32, (start, each_rollout, np.log(horizon))))


def _record(
    returns: Sequence[NDArray[np.float32]],
    outcomes: Sequence[Sequence[Outcome]],
    vectors: NDArray[np.float32],
) -> Record:
    def over_points(field: str) -> Floats:
        points = [np.mean([getattr(one, field) for one in part], axis=0) for part in outcomes]
        return np.stack(points, axis=1).astype(np.float64)

    return Record(
        returns=np.stack(returns, axis=1).astype(np.float64),
        entropy=over_points("entropy"),
        beyond_clip=over_points("beyond_clip"),
        divergence=over_points("divergence"),
        finite=np.asarray(np.isfinite(vectors).all(axis=1)),
    )
