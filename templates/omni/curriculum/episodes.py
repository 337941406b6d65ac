"""Episodes of tasks that were just learned, as arrays that a host can draw without JAX."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from templates.omni.network import Agent, Weights
from templates.omni.world import World, WorldParams, WorldState

__all__ = ["Filming", "packed_episodes"]

_TRIES = 16


class _Seen(NamedTuple):
    """What drawing needs of a state."""

    grid: Any
    position: Any
    facing: Any
    inventory: Any


class Filming:
    """Lets an agent do a task on several maps and keeps the shortest episode that succeeds.

    Args:
        world: The world.
        limit: Steps.
    """

    def __init__(self, world: World, limit: int) -> None:
        self._world = world
        self._limit = limit
        self._compiled = jax.jit(self._act, static_argnums=0)

    def film(
        self, agent: Agent, params: WorldParams, weights: Weights, task: int, key: jax.Array
    ) -> dict[str, NDArray[Any]] | None:
        """The shortest of sixteen episodes, up to success.

        Args:
            agent: Shapes.
            params: Maps and tasks.
            weights: Of the agent.
            task: Place of the task.
            key: Of these episodes.

        Returns:
            ``grid [states, rows, columns]``, ``position`` and ``facing`` ``[states, 2]`` and
            ``inventory [states, items]``; None where no episode succeeds.
        """
        seen, done = self._compiled(agent, params, weights, jnp.int32(task), key)
        done = np.asarray(done)
        ends = np.where(done.any(axis=0), done.argmax(axis=0), self._limit)
        best = int(ends.argmin())
        if ends[best] == self._limit:
            return None
        # State t is the one before step t; the one that the last step led to belongs to it.
        part = slice(0, int(ends[best]) + 2)
        kept = _Seen(*(np.asarray(array)[part, best] for array in seen))
        return kept._asdict()

    def _act(
        self,
        agent: Agent,
        params: WorldParams,
        weights: Weights,
        task: jax.Array,
        key: jax.Array,
    ) -> tuple[_Seen, jax.Array]:
        place_key, step_key = jax.random.split(key)
        places = jax.random.randint(place_key, (_TRIES,), 0, params.grids.shape[0])
        state = jax.vmap(self._world.begin, (0, None, None))(places, task, params)

        def one(
            carry: tuple[WorldState, jax.Array], key: jax.Array
        ) -> tuple[tuple[WorldState, jax.Array], tuple[_Seen, jax.Array]]:
            state, hidden = carry
            choice_key, chance_key = jax.random.split(key)
            observation = jax.vmap(self._world.get_obs, (0, None))(state, params)
            hidden, log_policy, _ = agent.step(weights, hidden, observation)
            action = jnp.argmax(
                log_policy + jax.random.gumbel(choice_key, log_policy.shape), axis=-1
            )
            keys = jax.random.split(chance_key, _TRIES)
            _, after, _, succeeded, _ = jax.vmap(self._world.step_env, (0, 0, 0, None))(
                keys, state, action, params
            )
            return (after, hidden), (_seen(state), succeeded)

        begun = (state, agent.fresh(_TRIES))
        # One step more than there are, so that the state after the last one is seen.
        _, (seen, done) = lax.scan(one, begun, jax.random.split(step_key, self._limit + 1))
        return seen, done[: self._limit]


def packed_episodes(episodes: Sequence[tuple[str, dict[str, NDArray[Any]]]]) -> bytes:
    """Episodes as an archive of NumPy arrays; equal episodes give equal bytes.

    Args:
        episodes: Names of the tasks, and what `Filming.film` gave.
    """
    arrays: dict[str, Any] = {"names": np.array([name for name, _ in episodes])}
    for place, (_, episode) in enumerate(episodes):
        arrays |= {f"{place}_{name}": array for name, array in episode.items()}
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def _seen(state: WorldState) -> _Seen:
    return _Seen(
        grid=state.grid.astype(jnp.uint8),
        position=state.position.astype(jnp.int8),
        facing=state.facing.astype(jnp.int8),
        inventory=jnp.minimum(state.inventory, 255).astype(jnp.uint8),
    )
