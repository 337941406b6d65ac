"""Whole trainings: choosing tasks, learning and measuring in turn.

Four programs are compiled without knowing a candidate: the start, a generation of learning, and
measuring on the maps that are learned on and on those that are not. The fifth, small one is the
choice of tasks, with the candidate inside. Tasks, maps and probabilities are inputs of all of them,
so another choice, another task space of the same size or another horizon compiles nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from templates.omni.chance import chance_of
from templates.omni.features import Facts, facts_of, features
from templates.omni.learning import Learner, over_members
from templates.omni.network import Agent, Weights
from templates.omni.progress import Progress, distribution, fresh_progress, updated
from templates.omni.rollout import Runner, collect, fresh_runner, success_rates
from templates.omni.settings import Profile, Setup, points_of
from templates.omni.technology import Action
from templates.omni.world import World, WorldParams, make_params

__all__ = ["Place", "Record", "Sampler", "Space", "State", "Trainer", "distribution", "make_space"]

Floats = NDArray[np.float64]
Sampler = Callable[..., jax.Array]
"""Weights ``[members, tasks]`` from fast and slow success, counts ``[members, tasks]`` and features
``[members, tasks, columns]``."""

_JUDGED_SEED = 1_000_003


class Space(NamedTuple):
    """Tasks and maps as the programs take them.

    Attributes:
        params: Maps that are learned on.
        unseen: Other maps, with the same tasks.
        possible: Places of the tasks that are measured, ``[possible]``.
        bank: Places of the tasks that agents are judged by, whatever is added, ``[bank]``.
        chance: Success of a policy that acts at random, ``[tasks]``.
        facts: What names say.
    """

    params: WorldParams
    unseen: WorldParams
    possible: jax.Array
    bank: jax.Array
    chance: jax.Array
    facts: Facts


class Record(NamedTuple):
    """What trainings showed.

    Attributes:
        judged: Success of each task of the bank on unseen maps, ``[seeds, points, bank]``.
        drawn: How likely each task was drawn, mean over the generations up to a point and since the
            one before, ``[seeds, points, tasks]``.
        history: Moving average of measured success, ``[seeds, points, tasks]``.
        counts: Episodes of each task in training, ``[seeds, tasks]``.
        invalid: Generations in which the sampler gave weights that are negative, not finite or all
            zero, ``[seeds]``.
        finite: Whether all parameters were finite in the end, ``[seeds]``.
    """

    judged: Floats
    drawn: Floats
    history: Floats
    counts: Floats
    invalid: NDArray[np.int64]
    finite: NDArray[np.bool_]


class _Pupil(NamedTuple):
    """One agent and where it is."""

    weights: Weights
    optimizer: Any
    runner: Runner


class State(NamedTuple):
    """Trainings between two generations; arrays lead with ``[members]``.

    Attributes:
        pupils: Agents, their optimisers and their environments.
        progress: What is known of each task.
        invalid: Generations whose weights had to be mended.
    """

    pupils: _Pupil
    progress: Progress
    invalid: jax.Array


class Place(NamedTuple):
    """Where trainings take place, on the device.

    Attributes:
        space: Tasks and maps.
        keys: Of the members, ``[members]``.
    """

    space: Space
    keys: jax.Array


@cache
def make_space(setup: Setup) -> Space:
    """Everything about a task that the programs need; kept, since seeds come in a row."""
    tasks, profile = setup.tasks, setup.profile
    possible = np.flatnonzero(tasks.possible)
    chance = np.zeros(len(tasks.tasks), np.float32)
    chance[possible] = chance_of(setup.space, profile.limit, [tasks.tasks[p] for p in possible])
    params = make_params(tasks, maps=profile.maps, seed=setup.seed, limit=profile.limit)
    unseen = make_params(
        tasks, maps=profile.maps, seed=setup.seed + _JUDGED_SEED, limit=profile.limit
    )
    facts = facts_of(tuple(task.name for task in tasks.tasks))
    places = jnp.asarray(possible)
    return Space(params, unseen, places, places, jnp.asarray(chance), facts)


class Trainer:
    """Trains agents of one profile; its programs serve every task and, but one, every candidate.

    Args:
        profile: Sizes.
        words: Length of a bag of words.
    """

    def __init__(self, profile: Profile, words: int) -> None:
        self._profile = profile
        self._world = World(words)
        self._start = jax.jit(self._begin)
        self._generation = jax.jit(self._learn, donate_argnums=0)
        self._measure = jax.jit(self._rates, static_argnames="episodes")
        self._last: tuple[object, Any] | None = None

    def train(
        self,
        sampler: Sampler,
        setup: Setup,
        seeds: Sequence[int],
        generations: int | None = None,
        arguments: Any = None,
        *,
        judged: bool = True,
    ) -> Record:
        """Train one agent for each seed.

        Args:
            sampler: Weights of the tasks; see `Sampler`. Where ``arguments`` are given it takes
                them as one more argument.
            setup: The task; its profile is this trainer's.
            seeds: 31 bits each; as many as the sampler takes members.
            generations: Stop after so many; None for the whole horizon.
            arguments: Arrays for the sampler, inputs of the compiled program.
            judged: Whether to judge agents on the way; without it they count as failing always.
        """
        place = self.place(setup, seeds)
        arguments = jax.device_put(arguments, jax.devices()[0])
        count = min(setup.generations, generations or setup.generations)
        ends = points_of(count)
        state = self.begin(place)
        rates: list[Any] = []
        history: list[Any] = []
        drawn: list[list[Any]] = [[]]
        for now in range(count):
            state, chances = self.generation(sampler, setup, place, state, now, arguments)
            drawn[-1].append(chances)
            if now in ends:
                rates.append(
                    self.judge(place, state, now)
                    if judged
                    else jnp.zeros((len(seeds), len(place.space.bank)))
                )
                history.append(state.progress.success)
                drawn.append([])
        pupils, progress, invalid = state
        return _record(
            *jax.device_get((rates, drawn[:-1], history, progress, invalid, pupils.weights))
        )

    def place(self, setup: Setup, seeds: Sequence[int], space: Space | None = None) -> Place:
        """Tasks, maps and keys.

        Committed to the device, as everything is that an exported function had a part in: else the
        first candidate would have all programs compiled once more for committed arrays.

        Args:
            setup: The task; its profile is this trainer's.
            seeds: 31 bits each.
            space: In place of the task's own, of the same shapes each time.
        """
        keys = jnp.stack([jax.random.key(seed) for seed in seeds])
        found: Place = jax.device_put(Place(space or make_space(setup), keys), jax.devices()[0])
        return found

    def begin(self, place: Place) -> State:
        """Agents that have learned nothing yet."""
        members = len(place.keys)
        nothing = fresh_progress(members, self._profile.tasks), jnp.zeros(members, jnp.int32)
        pupils = self._start(place.space.params, place.keys)
        return State(pupils, *jax.device_put(nothing, jax.devices()[0]))

    def generation(
        self,
        sampler: Sampler,
        setup: Setup,
        place: Place,
        state: State,
        now: int,
        arguments: Any = None,
    ) -> tuple[State, jax.Array]:
        """Measure, choose, learn.

        Args:
            sampler: Weights of the tasks, called as in `train`.
            setup: The task.
            place: From `place`.
            state: Before it; not to be used afterwards.
            now: Number of the generation, from 0; with the keys it decides all chance.
            arguments: Arrays for the sampler, on the device.

        Returns:
            The state after it, and how likely each task was drawn, ``[members, tasks]``.
        """
        (space, keys), (pupils, progress, invalid) = place, state
        device = jax.devices()[0]
        number = jax.device_put(np.int32(now), device)
        elapsed = jax.device_put(np.float32(min(1.0, now / setup.generations)), device)
        choose = self._choice_of(sampler)
        measured = self._measure(
            space.params, space.possible, pupils.weights, keys, number, self._profile.measured
        )
        progress, chances, wrong = choose(space, progress, measured, elapsed, arguments)
        pupils, ended = self._generation(pupils, space.params, chances, keys, number)
        progress = progress._replace(counts=progress.counts + ended)
        return State(pupils, progress, invalid + wrong), chances

    def judge(
        self, place: Place, state: State, now: int, tasks: jax.Array | None = None
    ) -> jax.Array:
        """Success on unseen maps after generation ``now``.

        Args:
            place: From `place`.
            state: The agents.
            now: Number of the generation; with the keys it decides all chance.
            tasks: Places of the tasks, on the device; None for the bank.

        Returns:
            ``[members, tasks]``.
        """
        (space, keys), weights = place, state.pupils.weights
        judged = space.bank if tasks is None else tasks
        # Other keys than measuring has, at every point.
        after = jax.device_put(np.int32(-1 - now), jax.devices()[0])
        rates: jax.Array = self._measure(
            space.unseen, judged, weights, keys, after, self._profile.judged
        )
        return rates

    @property
    def world(self) -> World:
        """The world that agents live in."""
        return self._world

    def agent(self, params: WorldParams) -> Agent:
        """Shapes of an agent that sees these parameters."""
        size = int(self._world.observation_space(params).shape[0])
        return Agent(size, len(Action), self._profile.width, self._profile.memory)

    def _begin(self, params: WorldParams, keys: jax.Array) -> _Pupil:
        agent = self.agent(params)
        learner = Learner(agent, self._profile)

        def one(key: jax.Array) -> _Pupil:
            weights_key, runner_key = jax.random.split(jax.random.fold_in(key, 0))
            weights = agent.initial(weights_key)
            alike = jnp.full(self._profile.tasks, 1.0 / self._profile.tasks)
            runner = fresh_runner(
                self._world, agent, params, alike, runner_key, self._profile.environments
            )
            return _Pupil(weights, learner.start(weights), runner)

        begun: _Pupil = over_members(one, keys)
        return begun

    def _learn(
        self,
        pupils: _Pupil,
        params: WorldParams,
        chances: jax.Array,
        keys: jax.Array,
        place: jax.Array,
    ) -> tuple[_Pupil, jax.Array]:
        """Rollouts and updates; also how many episodes of each task ended, ``[members, tasks]``."""
        agent = self.agent(params)
        learner = Learner(agent, self._profile)

        def one(pupil: _Pupil, chances: jax.Array, key: jax.Array) -> tuple[_Pupil, jax.Array]:
            def rollout(pupil: _Pupil, key: jax.Array) -> tuple[_Pupil, jax.Array]:
                act_key, learn_key = jax.random.split(key)
                runner, experience, ended = collect(
                    self._world,
                    agent,
                    self._profile,
                    params,
                    chances,
                    pupil.weights,
                    pupil.runner,
                    act_key,
                )
                weights, optimizer = learner.update(
                    pupil.weights, pupil.optimizer, experience, learn_key
                )
                return _Pupil(weights, optimizer, runner), ended

            own = jax.random.fold_in(jax.random.fold_in(key, 1), place)
            pupil, ended = lax.scan(rollout, pupil, jax.random.split(own, self._profile.rollouts))
            return pupil, ended.sum(axis=0)

        learned: tuple[_Pupil, jax.Array] = over_members(one, pupils, chances, keys)
        return learned

    def _rates(
        self,
        params: WorldParams,
        possible: jax.Array,
        weights: Weights,
        keys: jax.Array,
        place: jax.Array,
        episodes: int,
    ) -> jax.Array:
        """Success of the possible tasks, ``[members, possible]``."""
        agent = self.agent(params)

        def one(weights: Weights, key: jax.Array) -> jax.Array:
            own = jax.random.fold_in(jax.random.fold_in(key, 2), place)
            return success_rates(
                self._world, agent, params, weights, possible, episodes, self._profile.limit, own
            )

        rates: jax.Array = over_members(one, weights, keys)
        return rates

    def _choice_of(self, sampler: Sampler) -> Any:
        """The compiled choice; that of the last candidate is kept, since seeds come in a row."""
        if self._last is None or self._last[0] is not sampler:

            def choose(
                space: Space,
                progress: Progress,
                measured: jax.Array,
                elapsed: jax.Array,
                arguments: Any,
            ) -> tuple[Progress, jax.Array, jax.Array]:
                # What is impossible was never done: nobody has to try.
                success = jnp.zeros_like(progress.fast).at[:, space.possible].set(measured)
                progress = updated(progress, success, space.chance)
                told = jax.vmap(features, (None, 0, None))(space.facts, progress, elapsed)
                given = (progress.fast, progress.slow, progress.counts, told)
                extra = () if arguments is None else (arguments,)
                chances, wrong = distribution(sampler(*given, *extra))
                return progress, chances, wrong

            self._last = (sampler, jax.jit(choose))
        return self._last[1]


def _record(
    judged: Sequence[Any],
    drawn: Sequence[Sequence[Any]],
    history: Sequence[Any],
    progress: Progress,
    invalid: Any,
    weights: Weights,
) -> Record:
    leaves = jax.tree.leaves(weights)
    finite = [np.isfinite(leaf.reshape(leaf.shape[0], -1)).all(axis=1) for leaf in leaves]
    return Record(
        judged=np.stack(judged, axis=1).astype(np.float64),
        drawn=np.stack([np.mean(part, axis=0) for part in drawn], axis=1).astype(np.float64),
        history=np.stack(history, axis=1).astype(np.float64),
        counts=np.asarray(progress.counts, np.float64),
        invalid=np.asarray(invalid, np.int64),
        finite=np.asarray(np.stack(finite).all(axis=0)),
    )
