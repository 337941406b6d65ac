"""Acting out plans in the compiled world; what it says is all that counts as shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from templates.omni.predicates.compiled import (
    PredicateParams,
    PredicateState,
    PredicateWorld,
    table_of,
)
from templates.omni.predicates.normal import Predicate
from templates.omni.technology import Action
from templates.omni.world import WorldParams

__all__ = ["Simulator", "View", "Witness"]

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Witness:
    """Actions that do a task: it is done with the last one and not before.

    Args:
        place: Of the map in the pool.
        seed: Of what is left to chance, 31 bits.
        actions: One after the other.
    """

    place: int
    seed: int
    actions: tuple[int, ...]

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {"place": self.place, "seed": self.seed, "actions": list(self.actions)}


class View(NamedTuple):
    """A moment, for a planner: arrays of NumPy; see `PredicateState`."""

    grid: Ints
    position: Ints
    facing: Ints
    inventory: Ints
    counts: Ints
    part: int
    before: Ints


class Simulator:
    """The world with one task at a time; other tasks and maps compile nothing anew.

    Args:
        params: Maps and step limit, of any world with these rules.
    """

    def __init__(self, params: WorldParams) -> None:
        self.limit = int(params.max_steps_in_episode)
        self.maps = int(params.grids.shape[0])
        self._world = PredicateWorld(0)
        self._params = PredicateParams(
            max_steps_in_episode=self.limit,
            grids=params.grids,
            starts=params.starts,
            need=jnp.zeros((1, 1), jnp.int32),
            possible=jnp.ones(1, bool),
            words=jnp.zeros((1, 0)),
            weights=jnp.ones(1),
            table=table_of([None]),
        )
        self._begin = jax.jit(lambda place, params: self._world.begin(place, _FIRST, params))
        self._step = jax.jit(self._one)
        self._run = jax.jit(self._all)

    def keys(self, seed: int) -> Any:
        """The keys of an episode's steps, ``[limit, 2]``, integers."""
        return np.asarray(jax.random.key_data(jax.random.split(jax.random.key(seed), self.limit)))

    def params(self, predicate: Predicate) -> PredicateParams:
        """Parameters in which this is the only task."""
        found: PredicateParams = self._params.replace(table=table_of([predicate]))
        return found

    def begin(self, place: int, params: PredicateParams) -> PredicateState:
        """The first state on a map."""
        state: PredicateState = self._begin(jnp.int32(place), params)
        return state

    def step(
        self, key: Any, state: PredicateState, action: int, params: PredicateParams
    ) -> tuple[PredicateState, bool]:
        """One action, and whether the task is done."""
        after, done = self._step(key, state, np.int32(action), params)
        return after, bool(done)

    def view(self, state: PredicateState) -> View:
        """What a planner looks at."""
        shown = (state.grid, state.position, state.facing, state.inventory, state.counts)
        grid, position, facing, inventory, counts = map(np.asarray, shown)
        before = np.asarray(state.before)
        return View(grid, position, facing, inventory, counts, int(state.part), before)

    def holds(self, predicate: Predicate, witness: Witness) -> bool:
        """Whether these actions, carried out anew, do the task with the last one.

        This is the check that a task's being called solvable rests on; no planner takes part.

        Args:
            predicate: The task.
            witness: As found, or as anybody says.
        """
        actions = witness.actions
        if not 0 < len(actions) <= self.limit or not 0 <= witness.place < self.maps:
            return False
        if not all(0 <= action < len(Action) for action in actions):
            return False
        done, _ = self._carried_out(predicate, witness)
        return bool(done[len(actions) - 1]) and not bool(done[: len(actions) - 1].any())

    def states(self, predicate: Predicate, witness: Witness) -> list[PredicateState]:
        """Each state of an episode, the first one included, for example for a GIF."""
        _, after = self._carried_out(predicate, witness)
        every = [self.begin(witness.place, self.params(predicate))]
        for step in range(len(witness.actions)):
            every.append(jax.tree.map(lambda leaf, step=step: leaf[step], after))
        return every

    def _carried_out(self, predicate: Predicate, witness: Witness) -> tuple[Any, PredicateState]:
        padded = np.zeros(self.limit, np.int32)
        padded[: len(witness.actions)] = witness.actions
        params = self.params(predicate)
        begun = self.begin(witness.place, params)
        done, states = self._run(begun, padded, self.keys(witness.seed), params)
        return np.asarray(done), jax.tree.map(np.asarray, states)

    def _one(
        self, key: jax.Array, state: PredicateState, action: jax.Array, params: PredicateParams
    ) -> tuple[PredicateState, jax.Array]:
        _, after, _, done, _ = self._world.step_env(
            jax.random.wrap_key_data(key), state, action, params
        )
        return after, done

    def _all(
        self, begun: PredicateState, actions: jax.Array, keys: jax.Array, params: PredicateParams
    ) -> tuple[jax.Array, PredicateState]:
        def one(
            state: PredicateState, drawn: tuple[jax.Array, jax.Array]
        ) -> tuple[PredicateState, tuple[jax.Array, PredicateState]]:
            action, key = drawn
            after, done = self._one(key, state, action, params)
            return after, (done, after)

        _, found = lax.scan(one, begun, (actions, keys))
        return found


_FIRST = jnp.int32(0)
