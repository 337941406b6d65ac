"""The world: a small Crafter in gymnax's interface, told a task, that ends when the task is done.

Everything that a curriculum decides is part of the parameters, hence an ordinary input of a
compiled program: which tasks there are, and how likely each is to be drawn.
"""

from __future__ import annotations

from typing import Any

import gymnax.environments.environment as gymnax_environment
import gymnax.environments.spaces as spaces
import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from templates.omni.maps import SIZE, map_pool
from templates.omni.tasks import TaskSpace
from templates.omni.technology import ACHIEVEMENTS, Action, Item, Material

__all__ = ["VIEW", "World", "WorldParams", "WorldState", "make_params"]

VIEW = 7
"""Cells along each side of what an agent sees; it is in the middle."""

_REACH = 2
_SHOWN = 9.0
_MOVES = jnp.array([[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]], jnp.int32)
_WALKABLE = jnp.array([kind in (Material.GRASS, Material.PATH) for kind in Material])
_NOWHERE = -1


def _table(rows: list[dict[int, int]], width: int) -> jax.Array:
    found = np.zeros((len(rows), width), np.int32)
    for place, row in enumerate(rows):
        for column, value in row.items():
            found[place, column] = value
    return jnp.asarray(found)


def _kinds(values: list[Material | None]) -> jax.Array:
    return jnp.array([_NOWHERE if value is None else int(value) for value in values], jnp.int32)


_ACTION = jnp.array([int(one.action) for one in ACHIEVEMENTS], jnp.int32)
_GIVES = _table([{} if one.item is None else {one.item: 1} for one in ACHIEVEMENTS], len(Item))
_USES = _table([dict(one.uses) for one in ACHIEVEMENTS], len(Item))
_NEEDS = _table([dict.fromkeys(one.needs, 1) for one in ACHIEVEMENTS], len(Item))
_NEAR = _table([dict.fromkeys(one.near, 1) for one in ACHIEVEMENTS], len(Material)) > 0
_SOURCE = _kinds([one.source for one in ACHIEVEMENTS])
_BECOMES = _kinds([one.becomes for one in ACHIEVEMENTS])
_CHANCE = jnp.array([one.chance for one in ACHIEVEMENTS])
_PLACES = jnp.array([one.item is None for one in ACHIEVEMENTS])
# A plant grows on grass; what else is placed stands on any open ground.
_GROUND = jnp.array(
    [
        [
            kind == Material.GRASS or (kind == Material.PATH and one.becomes != Material.PLANT)
            for kind in Material
        ]
        for one in ACHIEVEMENTS
    ]
)


@struct.dataclass(kw_only=True)
class WorldState(gymnax_environment.EnvState):
    """One episode.

    Attributes:
        time: Steps so far.
        grid: Materials, ``[SIZE, SIZE]``.
        position: Row and column.
        facing: Row and column of a step in the direction that the agent looks in.
        inventory: How many of each item, ``[items]``.
        counts: How often each achievement was done, ``[achievements]``.
        task: Place among the tasks.
    """

    grid: jax.Array
    position: jax.Array
    facing: jax.Array
    inventory: jax.Array
    counts: jax.Array
    task: jax.Array


@struct.dataclass(kw_only=True)
class WorldParams(gymnax_environment.EnvParams):
    """Maps and tasks; arrays, so that other ones compile nothing anew.

    Attributes:
        max_steps_in_episode: After which a task has failed.
        grids: ``[maps, SIZE, SIZE]``.
        starts: ``[maps, 2]``.
        need: How often each achievement must be done, ``[tasks, achievements]``.
        possible: ``[tasks]``.
        words: ``[tasks, words]``.
        weights: How likely each task is to be drawn, up to a factor, ``[tasks]``.
    """

    grids: jax.Array
    starts: jax.Array
    need: jax.Array
    possible: jax.Array
    words: jax.Array
    weights: jax.Array
    max_steps_in_episode: int = 300


class World(gymnax_environment.Environment[WorldState, WorldParams]):
    """Gather, make and place; no hunger, no enemies.

    An observation is flat: what each of the ``VIEW * VIEW`` cells around the agent is made of (one
    of twelve), the inventory, the direction it looks in, and the task as a bag of words. The reward
    is 1 when the task is done, which ends the episode. An impossible task only ends by time.

    Args:
        words: Length of a bag of words.
    """

    def __init__(self, words: int) -> None:
        super().__init__()
        self._words = words

    @property
    def num_actions(self) -> int:
        """Fifteen."""
        return len(Action)

    def action_space(self, params: WorldParams) -> Any:
        """See gymnax."""
        return spaces.Discrete(self.num_actions)

    def observation_space(self, params: WorldParams) -> Any:
        """See gymnax."""
        size = VIEW * VIEW * len(Material) + len(Item) + 4 + self._words
        return spaces.Box(0.0, 10.0, (size,), jnp.float32)

    def reset_env(self, key: jax.Array, params: WorldParams) -> tuple[jax.Array, WorldState]:
        """A map at random, a task as likely as its weight."""
        map_key, task_key = jax.random.split(key)
        place = jax.random.randint(map_key, (), 0, params.grids.shape[0])
        task = jax.random.categorical(task_key, jnp.log(params.weights))
        state = self.begin(place, task, params)
        return self.get_obs(state, params), state

    def begin(self, place: jax.Array, task: jax.Array, params: WorldParams) -> WorldState:
        """An episode's first state.

        Args:
            place: Of the map in the pool.
            task: Place among the tasks.
            params: Maps and tasks.
        """
        return WorldState(
            time=jnp.int32(0),
            grid=params.grids[place].astype(jnp.int32),
            position=params.starts[place].astype(jnp.int32),
            facing=_MOVES[Action.DOWN],
            inventory=jnp.zeros(len(Item), jnp.int32),
            counts=jnp.zeros(len(ACHIEVEMENTS), jnp.int32),
            task=task.astype(jnp.int32),
        )

    def step_env(
        self, key: jax.Array, state: WorldState, action: Any, params: WorldParams
    ) -> tuple[jax.Array, WorldState, jax.Array, jax.Array, dict[str, jax.Array]]:
        """One action; ``info`` says which achievements it was, ``[achievements]``."""
        action = jnp.asarray(action, jnp.int32)
        moves = (action >= Action.LEFT) & (action <= Action.DOWN)
        facing = jnp.where(moves, _MOVES[jnp.clip(action, 0, 4)], state.facing)
        ahead = state.position + facing
        material = _at(state.grid, ahead)
        position = jnp.where(moves & _WALKABLE[material], ahead, state.position)
        done = self._done(key, state, action, material)
        becomes = jnp.max(jnp.where(done, _BECOMES, _NOWHERE))
        changed = jnp.where(becomes >= 0, becomes, material)
        inside = (ahead >= 0).all() & (ahead < SIZE).all()
        row, column = jnp.clip(ahead, 0, SIZE - 1)
        grid = state.grid.at[row, column].set(jnp.where(inside, changed, state.grid[row, column]))
        taken = done.astype(jnp.int32)
        after = state.replace(
            time=state.time + 1,
            grid=grid,
            position=position,
            facing=facing,
            inventory=state.inventory + taken @ (_GIVES - _USES),
            counts=state.counts + taken,
        )
        succeeded = self.is_terminated(after, params)
        reward = succeeded.astype(jnp.float32)
        info = {"achieved": done, "success": succeeded}
        return self.get_obs(after, params), after, reward, succeeded, info

    def is_terminated(self, state: WorldState, params: WorldParams) -> jax.Array:
        """Whether the task is done."""
        enough: jax.Array = (state.counts >= params.need[state.task]).all()
        return enough & params.possible[state.task]

    def get_obs(
        self, state: WorldState, params: WorldParams | None = None, key: jax.Array | None = None
    ) -> jax.Array:
        """``[size]``; see the class."""
        assert params is not None
        around = _around(state.grid, state.position, VIEW // 2)
        return jnp.concatenate(
            [
                jax.nn.one_hot(around.ravel(), len(Material)).ravel(),
                jnp.minimum(state.inventory, _SHOWN) / _SHOWN,
                (_MOVES[1:] == state.facing).all(axis=1).astype(jnp.float32),
                params.words[state.task],
            ]
        )

    def _done(
        self, key: jax.Array, state: WorldState, action: jax.Array, material: jax.Array
    ) -> jax.Array:
        """Which achievements an action is: ``[achievements]``."""
        near = _around(state.grid, state.position, _REACH).ravel()
        present = (near[:, None] == jnp.arange(len(Material))).any(axis=0)
        has = state.inventory >= jnp.maximum(_USES, _NEEDS)
        lucky = jax.random.uniform(key) < _CHANCE
        fits = jnp.where(_PLACES, _GROUND[:, material], (material == _SOURCE) | (_SOURCE < 0))
        reachable = (present | ~_NEAR).all(axis=1)
        found: jax.Array = (action == _ACTION) & has.all(axis=1) & lucky & fits & reachable
        return found


def make_params(
    tasks: TaskSpace, *, maps: int = 64, seed: int = 0, limit: int = 300
) -> WorldParams:
    """Parameters with all tasks equally likely.

    Args:
        tasks: The task space.
        maps: How many maps are drawn from.
        seed: Of the maps.
        limit: Steps after which a task has failed.
    """
    grids, starts = map_pool(maps, seed)
    return WorldParams(
        max_steps_in_episode=limit,
        grids=jnp.asarray(grids),
        starts=jnp.asarray(starts),
        need=jnp.asarray(tasks.need),
        possible=jnp.asarray(tasks.possible),
        words=jnp.asarray(tasks.words),
        weights=jnp.ones(len(tasks.tasks)),
    )


def _at(grid: jax.Array, cell: jax.Array) -> jax.Array:
    inside = (cell >= 0).all() & (cell < SIZE).all()
    row, column = jnp.clip(cell, 0, SIZE - 1)
    return jnp.where(inside, grid[row, column], int(Material.OUTSIDE))


def _around(grid: jax.Array, cell: jax.Array, reach: int) -> jax.Array:
    """The cells at most ``reach`` away in each direction, ``[2 reach + 1, 2 reach + 1]``."""
    padded = jnp.pad(grid, reach, constant_values=int(Material.OUTSIDE))
    side = 2 * reach + 1
    return jax.lax.dynamic_slice(padded, (cell[0], cell[1]), (side, side))
