"""Predicates as data: a table of clauses that one compiled world reads, whatever they say.

Another table of the same size is another input, so a new task compiles nothing anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from numpy.typing import NDArray

from templates.omni.predicates.language import (
    CLAUSES,
    LITERALS,
    MANY,
    NAMES,
    PARTS,
    WITHIN,
    Measure,
)
from templates.omni.predicates.normal import Predicate
from templates.omni.technology import ACHIEVEMENTS, Material
from templates.omni.world import World, WorldParams, WorldState

__all__ = ["PredicateParams", "PredicateState", "PredicateWorld", "Table", "quantities", "table_of"]

Ints = NDArray[np.int32]

_FAR = WITHIN[-1]
_PLACED = jnp.array(
    [
        next(i for i, one in enumerate(ACHIEVEMENTS) if one.name == f"place {thing}")
        for thing in NAMES[Measure.PLACED]
    ]
)
_KINDS = jnp.array([int(kind) for kind in Material if kind != Material.OUTSIDE])


class Table(NamedTuple):
    """Predicates as arrays; what no task uses of it never or always holds.

    Attributes:
        quantity: Place in `QUANTITIES`, ``[tasks, PARTS, CLAUSES, LITERALS]``.
        low: Least, of the same shape.
        high: Most, of the same shape.
        parts: How many parts each task has, 0 for a task that is never done: ``[tasks]``.
    """

    quantity: jax.Array
    low: jax.Array
    high: jax.Array
    parts: jax.Array


def table_of(predicates: Sequence[Predicate | None]) -> Table:
    """Compile predicates; None is a task that is never done."""
    shape = (len(predicates), PARTS, CLAUSES, LITERALS)
    quantity = np.zeros(shape, np.int32)
    low, high = np.ones(shape, np.int32), np.zeros(shape, np.int32)
    parts = np.zeros(len(predicates), np.int32)
    # A clause that is not there holds: its first literal is any number at all.
    low[..., 0], high[..., 0] = 0, MANY
    for task, predicate in enumerate(predicates):
        if predicate is None:
            continue
        parts[task] = len(predicate.parts)
        for index, part in enumerate(predicate.parts):
            for row, clause in enumerate(part):
                for column, literal in enumerate(clause):
                    here = (task, index, row, column)
                    quantity[here], low[here], high[here] = literal
    return Table(*(jnp.asarray(array) for array in (quantity, low, high, parts)))


@struct.dataclass(kw_only=True)
class PredicateState(WorldState):
    """One episode.

    Attributes:
        part: How many parts of the task are done.
        before: Counts when the present part began, ``[achievements]``.
    """

    part: jax.Array
    before: jax.Array


@struct.dataclass(kw_only=True)
class PredicateParams(WorldParams):
    """Maps and tasks; ``need`` is not used.

    Attributes:
        table: What each task asks for.
    """

    table: Table


class PredicateWorld(World):
    """The world with tasks in the predicate language.

    Rules, observations and rewards are the world's. The table says when a task is done: a part is
    looked at after each step, one part a step; ``did`` counts from the end of the part before.

    Args:
        words: Length of a bag of words.
    """

    def begin(self, place: jax.Array, task: jax.Array, params: WorldParams) -> PredicateState:
        """See `World.begin`."""
        plain = super().begin(place, task, params)
        return PredicateState(
            **{name: getattr(plain, name) for name in plain.__dataclass_fields__},
            part=jnp.int32(0),
            before=plain.counts,
        )

    def step_env(
        self, key: jax.Array, state: WorldState, action: Any, params: WorldParams
    ) -> tuple[jax.Array, PredicateState, jax.Array, jax.Array, dict[str, jax.Array]]:
        """See `World.step_env`; ``info`` also says whether a part was done."""
        seen, after, _, _, info = super().step_env(key, state, action, params)
        assert isinstance(after, PredicateState)
        assert isinstance(params, PredicateParams)
        met = _met(params.table, after)
        after = after.replace(
            part=after.part + met, before=jnp.where(met, after.counts, after.before)
        )
        succeeded = self.is_terminated(after, params)
        told = {**info, "success": succeeded, "part": met}
        return seen, after, succeeded.astype(jnp.float32), succeeded, told

    def is_terminated(self, state: WorldState, params: WorldParams) -> jax.Array:
        """Whether each part of the task was done, one after the other."""
        assert isinstance(state, PredicateState)
        assert isinstance(params, PredicateParams)
        wanted = params.table.parts[state.task]
        found: jax.Array = (wanted > 0) & (state.part >= wanted)
        return found


def quantities(state: PredicateState) -> jax.Array:
    """What can be asked about a moment: ``[QUANTITIES]``, integers."""
    padded = jnp.pad(state.grid, _FAR, constant_values=int(Material.OUTSIDE))
    side = 2 * _FAR + 1
    around = jax.lax.dynamic_slice(padded, (state.position[0], state.position[1]), (side, side))
    kinds = (around[..., None] == _KINDS).astype(jnp.int32)
    near = [
        kinds[_FAR - within : _FAR + within + 1, _FAR - within : _FAR + within + 1].sum((0, 1))
        for within in WITHIN
    ]
    row, column = _FAR + state.facing
    ahead = kinds[row, column]
    done = state.counts - state.before
    return jnp.concatenate([state.inventory, done, state.counts[_PLACED], *near, ahead])


def _met(table: Table, state: PredicateState) -> jax.Array:
    """Whether the present part holds now; never beyond the last."""
    part = jnp.minimum(state.part, PARTS - 1)
    here = (state.task, part)
    value = quantities(state)[table.quantity[here]]
    holds = (value >= table.low[here]) & (value <= table.high[here])
    found: jax.Array = holds.any(axis=1).all(axis=0) & (state.part < table.parts[state.task])
    return found
