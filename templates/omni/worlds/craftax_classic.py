"""Craftax-Classic with this template's interface: told a task, ends when it is done.

The world is the package ``craftax`` (Matthews et al. 2024, arXiv:2402.16801; the extra
``craftax``), Crafter with day and night, hunger and enemies. A new episode takes a state that was
made beforehand: a world of theirs is dear to make, and their automatic reset makes one every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gymnax.environments.environment as gymnax_environment
import gymnax.environments.spaces as spaces
import jax
import jax.numpy as jnp
import numpy as np
from craftax.craftax_classic.constants import Achievement
from craftax.craftax_env import make_craftax_env_from_name
from flax import struct
from numpy.typing import NDArray

from templates.omni.tasks import NUMBERS, Task, TaskSpace, standard_tasks

__all__ = [
    "ACHIEVEMENTS",
    "ClassicParams",
    "ClassicState",
    "ClassicTasks",
    "CraftaxClassic",
    "classic_tasks",
    "make_classic_params",
]

ACHIEVEMENTS: tuple[str, ...] = tuple(
    one.name.lower().replace("_", " ")
    for one in sorted(Achievement, key=lambda one: int(one.value))
)
"""Names of the 22 achievements, in the order of Craftax."""

_REPEATED = ("collect", "place", "eat", "defeat")
_NAME = "Craftax-Classic-Symbolic-v1"


@dataclass(frozen=True)
class ClassicTasks(TaskSpace):
    """Tasks whose ``need`` counts the achievements of Craftax."""

    @cached_property
    def need(self) -> NDArray[np.int32]:
        """How often each achievement must be done: ``[tasks, 22]``, or zeros."""
        empty = (0,) * len(ACHIEVEMENTS)
        return np.array([task.need or empty for task in self.tasks], np.int32)


def classic_tasks(times: int = 5, impossible: int = 0) -> ClassicTasks:
    """Each achievement as an interesting task, repeats of most of them, and impossible ones.

    Tools are made once and one wakes up once: these are not repeated.

    Args:
        times: How often at most, up to ten.
        impossible: How many tasks that the world knows nothing of, named as in `standard_tasks`.
    """
    found = []
    for place, name in enumerate(ACHIEVEMENTS):
        once = tuple(int(other == place) for other in range(len(ACHIEVEMENTS)))
        found.append(Task(name, once, "interesting", name))
        verb, _, thing = name.partition(" ")
        for count in range(2, times + 1 if verb in _REPEATED else 2):
            need = tuple(count * one for one in once)
            found.append(Task(f"{verb} {NUMBERS[count - 2]} {thing}", need, "repeat", name))
    found += [task for task in standard_tasks(impossible).tasks if task.kind == "impossible"]
    return ClassicTasks(tuple(found))


@struct.dataclass(kw_only=True)
class ClassicState(gymnax_environment.EnvState):
    """One episode.

    Attributes:
        time: Steps so far.
        inner: Craftax's state; its ``achievements`` are those of the last step.
        counts: How often each achievement was done, ``[22]``.
        task: Place among the tasks.
        lost: Whether the agent died, which ends an episode without success.
    """

    inner: Any
    counts: jax.Array
    task: jax.Array
    lost: jax.Array


@struct.dataclass(kw_only=True)
class ClassicParams(gymnax_environment.EnvParams):
    """First states and tasks; arrays, so that other ones compile nothing anew.

    Attributes:
        max_steps_in_episode: After which a task has failed.
        worlds: Craftax's states, each leaf ``[maps, ...]``.
        need: How often each achievement must be done, ``[tasks, 22]``.
        possible: ``[tasks]``.
        words: ``[tasks, words]``.
        weights: How likely each task is to be drawn, up to a factor, ``[tasks]``.
    """

    worlds: Any
    need: jax.Array
    possible: jax.Array
    words: jax.Array
    weights: jax.Array
    max_steps_in_episode: int = 300

    @property
    def grids(self) -> jax.Array:
        """The maps, ``[maps, 64, 64]``, in Craftax's numbers."""
        found: jax.Array = self.worlds.map
        return found


class CraftaxClassic(gymnax_environment.Environment[ClassicState, ClassicParams]):
    """Craftax-Classic, symbolic, told a task; the same functions as `templates.omni.world.World`.

    An observation is Craftax's and then the task as a bag of words. The reward is 1 when the task
    is done and nothing else. An episode ends when the task is done or the agent has died.

    Args:
        words: Length of a bag of words.
    """

    def __init__(self, words: int) -> None:
        super().__init__()
        self._words = words
        self._inner = make_craftax_env_from_name(_NAME, auto_reset=False)
        self._rules = self._inner.default_params

    @property
    def num_actions(self) -> int:
        """Seventeen."""
        return int(self._inner.num_actions)

    def action_space(self, params: ClassicParams) -> Any:
        """See gymnax."""
        return spaces.Discrete(self.num_actions)

    def observation_space(self, params: ClassicParams) -> Any:
        """See gymnax."""
        (size,) = self._inner.observation_space(self._rules).shape
        return spaces.Box(0.0, 10.0, (size + self._words,), jnp.float32)

    def reset_env(self, key: jax.Array, params: ClassicParams) -> tuple[jax.Array, ClassicState]:
        """A first state at random, a task as likely as its weight."""
        map_key, task_key = jax.random.split(key)
        place = jax.random.randint(map_key, (), 0, params.grids.shape[0])
        task = jax.random.categorical(task_key, jnp.log(params.weights))
        state = self.begin(place, task, params)
        return self.get_obs(state, params), state

    def begin(self, place: jax.Array, task: jax.Array, params: ClassicParams) -> ClassicState:
        """An episode's first state.

        Args:
            place: Of the first state in the pool.
            task: Place among the tasks.
            params: First states and tasks.
        """
        return ClassicState(
            time=jnp.int32(0),
            inner=jax.tree.map(lambda leaf: leaf[place], params.worlds),
            counts=jnp.zeros(len(ACHIEVEMENTS), jnp.int32),
            task=task.astype(jnp.int32),
            lost=jnp.bool_(False),
        )

    def step_env(
        self, key: jax.Array, state: ClassicState, action: Any, params: ClassicParams
    ) -> tuple[jax.Array, ClassicState, jax.Array, jax.Array, dict[str, jax.Array]]:
        """One action; ``info`` says which achievements it was, ``[22]``, and whether of success.

        Nothing counts after a death.
        """
        # Theirs are only ever switched on: switched off before, they say what this step did.
        before = state.inner.replace(achievements=jnp.zeros_like(state.inner.achievements))
        action = jnp.asarray(action, jnp.int32)
        _, inner, _, over, _ = self._inner.step_env(key, before, action, self._rules)
        done = inner.achievements.astype(bool) & ~state.lost
        after = state.replace(
            time=state.time + 1,
            inner=inner,
            counts=state.counts + done.astype(jnp.int32),
            lost=state.lost | over,
        )
        succeeded = self._succeeded(after, params)
        reward = succeeded.astype(jnp.float32)
        info = {"achieved": done, "success": succeeded, "lost": after.lost}
        return self.get_obs(after, params), after, reward, succeeded | after.lost, info

    def is_terminated(self, state: ClassicState, params: ClassicParams) -> jax.Array:
        """Whether the task is done or the agent has died."""
        return self._succeeded(state, params) | state.lost

    def get_obs(
        self,
        state: ClassicState,
        params: ClassicParams | None = None,
        key: jax.Array | None = None,
    ) -> jax.Array:
        """``[size]``; see the class."""
        assert params is not None
        seen = self._inner.get_obs(state.inner).astype(jnp.float32)
        return jnp.concatenate([seen, params.words[state.task]])

    def make_worlds(self, key: jax.Array, count: int) -> Any:
        """First states for a pool, each leaf ``[count, ...]``; the dear part, done once."""
        keys = jax.random.split(key, count)
        _, found = jax.jit(jax.vmap(lambda key: self._inner.reset_env(key, self._rules)))(keys)
        return found

    def _succeeded(self, state: ClassicState, params: ClassicParams) -> jax.Array:
        enough: jax.Array = (state.counts >= params.need[state.task]).all()
        return enough & params.possible[state.task]


def make_classic_params(
    tasks: ClassicTasks, *, maps: int = 64, seed: int = 0, limit: int = 300
) -> ClassicParams:
    """Parameters with all tasks equally likely.

    Args:
        tasks: The task space.
        maps: How many first states are drawn from.
        seed: Of these.
        limit: Steps after which a task has failed.
    """
    world = CraftaxClassic(len(tasks.vocabulary))
    return ClassicParams(
        max_steps_in_episode=limit,
        worlds=world.make_worlds(jax.random.key(seed), maps),
        need=jnp.asarray(tasks.need),
        possible=jnp.asarray(tasks.possible),
        words=jnp.asarray(tasks.words),
        weights=jnp.ones(len(tasks.tasks)),
    )
