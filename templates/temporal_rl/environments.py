"""Environments as the rollout needs them: flat observations, own resets, both endings.

An episode ends because the task is over (`terminated`: nothing follows, the value of what comes
next is zero) or because time is up (`truncated`: something would follow, its value is estimated
from the last observation). Gymnax 1.x tells the two apart; learning must, too.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol

import gymnax
import jax
import jax.numpy as jnp

from templates.errors import UserError

__all__ = ["BraxEnvironment", "Environment", "GymnaxEnvironment", "Transition", "make_environment"]


class Transition(NamedTuple):
    """What one step of one environment yields.

    Attributes:
        observation: ``[size]``, of the state to go on from: a fresh episode's after an ending.
        final_observation: ``[size]``, of the state that the action led to.
        reward: Scalar.
        terminated: Bool scalar.
        truncated: Bool scalar; never together with ``terminated``.
    """

    observation: jax.Array
    final_observation: jax.Array
    reward: jax.Array
    terminated: jax.Array
    truncated: jax.Array


class Environment(Protocol):
    """What the rollout asks of an environment."""

    @property
    def size(self) -> int:
        """Length of a flat observation."""
        ...

    @property
    def actions(self) -> int:
        """Number of actions, or of an action's components where it is continuous."""
        ...

    @property
    def continuous(self) -> bool:
        """Whether actions are vectors."""
        ...

    @property
    def longest(self) -> int:
        """Steps after which an episode is cut."""
        ...

    @property
    def resets_each_step(self) -> bool:
        """Whether a fresh episode is at hand for each step; else one for each rollout."""
        ...

    def reset(self, key: jax.Array) -> tuple[jax.Array, Any]:
        """Observation ``[size]`` and state of a fresh episode."""
        ...

    def step(
        self, key: jax.Array, state: Any, action: jax.Array, fresh: tuple[jax.Array, Any]
    ) -> tuple[Transition, Any]:
        """One step, and on to the given fresh episode where this one has ended.

        Args:
            key: Of whatever is random in the dynamics.
            state: State of the environment.
            action: Integer scalar, or ``[actions]``.
            fresh: What `reset` gave.
        """
        ...


@dataclass(frozen=True)
class GymnaxEnvironment:
    """One gymnax environment with its default parameters.

    Args:
        name: Gymnax's name of it.
    """

    name: str
    resets_each_step: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Length of a flat observation."""
        return int(self._observation(jnp.zeros(self._space().shape)).size)

    @property
    def actions(self) -> int:
        """Number of actions, or of an action's components where it is continuous."""
        return int(self._made()[0].num_actions)

    @property
    def continuous(self) -> bool:
        """Whether actions are vectors."""
        env, params = self._made()
        return not hasattr(env.action_space(params), "n")

    @property
    def longest(self) -> int:
        """Steps after which an episode is cut."""
        return int(self._made()[1].max_steps_in_episode)

    def reset(self, key: jax.Array) -> tuple[jax.Array, Any]:
        """Observation ``[size]`` and state of a fresh episode."""
        env, params = self._made()
        observation, state = env.reset_env(key, params)
        return self._observation(observation), _steady(state)

    def step(
        self, key: jax.Array, state: Any, action: jax.Array, fresh: tuple[jax.Array, Any]
    ) -> tuple[Transition, Any]:
        """See `Environment`; fresh episodes are made for many steps at once, which is cheaper."""
        env, params = self._made()
        observation, after, reward, terminated, _ = env.step_env(key, state, action, params)
        terminated = jnp.asarray(terminated, bool)
        truncated = ~terminated & env.is_truncated(after, params)
        over = terminated | truncated
        final = self._observation(observation)
        transition = Transition(
            observation=jnp.where(over, fresh[0], final),
            final_observation=final,
            reward=jnp.asarray(reward, jnp.float32),
            terminated=terminated,
            truncated=truncated,
        )
        going_on = jax.tree.map(lambda a, b: jnp.where(over, a, b), fresh[1], _steady(after))
        return transition, going_on

    def _made(self) -> tuple[Any, Any]:
        return _make(self.name)

    def _space(self) -> Any:
        env, params = self._made()
        return env.observation_space(params)

    def _observation(self, observation: Any) -> jax.Array:
        """Flat and of type float32; a number of a state becomes a one-hot vector."""
        space = self._space()
        if space.shape == ():
            return jax.nn.one_hot(jnp.asarray(observation, jnp.int32), space.n)
        return jnp.asarray(observation, jnp.float32).reshape(-1)


@dataclass(frozen=True)
class BraxEnvironment:
    """One of Brax's robots (Freeman et al. 2021, arXiv:2106.13281), episodes of 1,000 steps.

    Args:
        name: Brax's name of it.
        backend: Brax's physics.
    """

    name: str
    backend: str = "positional"
    longest: ClassVar[int] = 1000
    continuous: ClassVar[bool] = True
    resets_each_step: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """Length of an observation."""
        return int(self._made().observation_size)

    @property
    def actions(self) -> int:
        """Components of an action."""
        return int(self._made().action_size)

    def reset(self, key: jax.Array) -> tuple[jax.Array, Any]:
        """Observation ``[size]`` and state of a fresh episode."""
        state = self._made().reset(key)
        return state.obs, (state, jnp.int32(0))

    def step(
        self, key: jax.Array, state: Any, action: jax.Array, fresh: tuple[jax.Array, Any]
    ) -> tuple[Transition, Any]:
        """See `Environment`; components of an action are cut to [-1, 1]."""
        before, time = state
        after = self._made().step(before, jnp.clip(action, -1.0, 1.0))
        # Where the physics break down the episode ends in the state before: one NaN would
        # otherwise spread to the scales of all observations.
        sound = jnp.isfinite(after.obs).all() & jnp.isfinite(after.reward)
        after = jax.tree.map(lambda new, old: jnp.where(sound, new, old), after, before)
        after = after.replace(
            reward=jnp.where(sound, after.reward, 0.0), done=jnp.where(sound, after.done, 1.0)
        )
        terminated = after.done > 0.5
        truncated = ~terminated & (time + 1 >= self.longest)
        over = terminated | truncated
        transition = Transition(
            observation=jnp.where(over, fresh[0], after.obs),
            final_observation=after.obs,
            reward=jnp.asarray(after.reward, jnp.float32),
            terminated=terminated,
            truncated=truncated,
        )
        going_on = jax.tree.map(lambda a, b: jnp.where(over, a, b), fresh[1], (after, time + 1))
        return transition, going_on

    def _made(self) -> Any:
        return _make_brax(self.name, self.backend)


def make_environment(name: str) -> Environment:
    """The environment of that name: gymnax's, or Brax's after ``brax:``.

    Raises:
        ValueError: There is none of that name.
        UserError: It is Brax's, which is not installed.
    """
    if name.startswith("brax:"):
        robot = BraxEnvironment(name.removeprefix("brax:"))
        _make_brax(robot.name, robot.backend)
        return robot
    _make(name)
    return GymnaxEnvironment(name)


@cache
def _make_brax(name: str, backend: str) -> Any:
    try:
        # Brax points to its successor whenever it loads a robot, and its physics prints what other
        # engines it has not found.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            from brax import envs
    except ImportError as error:
        raise UserError(
            "the profile brax needs Brax: pip install 'discovery-agent[brax]'"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return envs.get_environment(name, backend=backend)
        except KeyError as error:
            if error.args != (name,):
                raise
            raise ValueError(f"Brax has no robot {name!r}") from error


@cache
def _make(name: str) -> tuple[Any, Any]:
    env, params = gymnax.make(name)
    return env, params


def _steady(state: Any) -> Any:
    """The state with types that no step changes, as a loop's carry needs them."""
    return jax.tree.map(lambda leaf: _typed(jnp.asarray(leaf)), state)


def _typed(leaf: jax.Array) -> jax.Array:
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        return leaf.astype(jnp.float32)
    return leaf if leaf.dtype == bool else leaf.astype(jnp.int32)
