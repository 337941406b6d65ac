"""Gymnax environments as the rollout needs them: flat observations, own resets, both endings.

An episode ends because the task is over (`terminated`: nothing follows, the value of what comes
next is zero) or because time is up (`truncated`: something would follow, its value is estimated
from the last observation). Gymnax 1.x tells the two apart; learning must, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import gymnax
import jax
import jax.numpy as jnp

__all__ = ["Environment", "Transition", "make_environment"]


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


@dataclass(frozen=True)
class Environment:
    """One gymnax environment with its default parameters.

    Args:
        name: Gymnax's name of it.
    """

    name: str

    @property
    def size(self) -> int:
        """Length of a flat observation."""
        return int(self._observation(jnp.zeros(self._space().shape)).size)

    @property
    def actions(self) -> int:
        """Number of actions."""
        return int(self._made()[0].num_actions)

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
        """One step, and on to the given fresh episode where this one has ended.

        Args:
            key: Of whatever is random in the dynamics.
            state: State of the environment.
            action: Integer scalar.
            fresh: What `reset` gave; made beforehand for many steps at once, which is cheaper
                than in each.
        """
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


def make_environment(name: str) -> Environment:
    """The environment of that name.

    Raises:
        ValueError: Gymnax has none of that name.
    """
    _make(name)
    return Environment(name)


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
