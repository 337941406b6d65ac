"""Predicates in the compiled world, and tasks that are shown to be solvable, or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.omni.predicates.compiled import PredicateWorld, quantities
from templates.omni.predicates.language import QUANTITIES, Measure, Quantity, place_of
from templates.omni.predicates.normal import Predicate, normal_form, predicate_of
from templates.omni.predicates.parsing import parse_goal
from templates.omni.predicates.simulation import Simulator, Witness
from templates.omni.predicates.solving import begins_done, solve
from templates.omni.predicates.space import make_predicate_params, with_proposed
from templates.omni.tasks import standard_tasks
from templates.omni.technology import Action, Material
from templates.omni.world import World, make_params

pytestmark = pytest.mark.gate

LIMIT = 128
SPACE = standard_tasks(64)
WAIT = int(Action.WAIT)


def form(goal: Any) -> Predicate:
    return normal_form(parse_goal(goal))


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(make_params(SPACE, maps=8, limit=LIMIT))


def found(simulator: Simulator, goal: Any, place: int = 0) -> Witness:
    witness = solve(simulator, form(goal), place)
    assert witness is not None
    return witness


@pytest.mark.parametrize(
    "goal",
    [
        {"all": [{"has": "wood", "at_least": 2}, {"near": "water", "within": 2}]},
        {"then": [{"did": "place table"}, {"did": "collect wood", "at_least": 2},
                  {"facing": "water"}]},
        {"all": [{"near": "table", "within": 1}, {"near": "water", "within": 1}]},
        {"all": [{"near": "plant", "within": 2}, {"near": "table", "within": 2}]},
        {"all": [{"has": "stone pickaxe"}, {"has": "wood", "exactly": 0}]},
        {"any": [{"has": "diamond"}, {"has": "sapling", "at_least": 2}]},
        {"all": [{"placed": "furnace", "at_least": 2}, {"placed": "table", "at_most": 1}]},
        {"facing": "diamond"},
        {"has": "diamond"},
    ],
)  # fmt: skip
def test_what_can_be_done_is_shown_by_doing_it(simulator: Simulator, goal: Any) -> None:
    predicate = form(goal)
    witness = found(simulator, goal)
    assert witness.actions
    assert simulator.holds(predicate, witness)
    assert solve(simulator, predicate, 0) == witness
    # One action fewer, or done elsewhere, is no witness.
    assert not simulator.holds(predicate, replace(witness, actions=witness.actions[:-1]))
    assert not simulator.holds(predicate, replace(witness, actions=(*witness.actions, WAIT)))


@pytest.mark.parametrize(
    "goal",
    [
        {"has": "diamond", "at_least": 10},
        {"all": [{"did": "make wood pickaxe"}, {"placed": "table", "exactly": 0}]},
        {"all": [{"has": "iron pickaxe"}, {"did": "collect coal", "exactly": 0}]},
        {"all": [{"has": "wood", "at_least": 3}, {"did": "collect wood", "at_most": 2}]},
    ],
)
def test_what_cannot_be_done_is_not_shown(simulator: Simulator, goal: Any) -> None:
    assert all(solve(simulator, form(goal), place) is None for place in range(3))


def test_every_task_of_the_world_but_the_longest_is_shown(simulator: Simulator) -> None:
    tasks = [t for t in SPACE.tasks if t.need and t.kind in ("interesting", "compound")]
    for task in tasks:
        assert task.need is not None
        assert solve(simulator, predicate_of(task.need), 1) is not None, task.name


def test_the_budget_bounds_the_search(simulator: Simulator) -> None:
    goal = form({"has": "diamond"})
    assert solve(simulator, goal, 0, budget=50) is None
    assert solve(simulator, goal, 0) is not None


def test_nobodys_word_is_taken_for_a_witness(simulator: Simulator) -> None:
    predicate = form({"has": "wood"})
    witness = found(simulator, {"has": "wood"})
    assert simulator.holds(predicate, witness)
    for wrong in (
        replace(witness, actions=()),
        replace(witness, actions=(99,)),
        replace(witness, actions=(-1, *witness.actions)),
        replace(witness, actions=(WAIT,) * (LIMIT + 1)),
        replace(witness, place=8),
        replace(witness, place=-1),
    ):
        assert not simulator.holds(predicate, wrong)
    assert not simulator.holds(form({"has": "wood", "at_least": 2}), witness)


def test_what_holds_already_is_seen_without_a_search(simulator: Simulator) -> None:
    assert begins_done(simulator, form({"has": "wood", "at_most": 3}), 0)
    assert begins_done(
        simulator, form({"then": [{"near": "grass"}, {"has": "iron", "exactly": 0}]}), 0
    )
    assert not begins_done(simulator, form({"has": "wood"}), 0)


def test_a_sequence_counts_what_is_done_after_the_part_before(simulator: Simulator) -> None:
    wood = found(simulator, {"has": "wood", "at_least": 2}).actions
    collect = int(Action.COLLECT)
    assert wood[-1] == collect
    one = {"did": "collect wood"}
    # The two pieces of wood are two parts, and the third part is another piece.
    twice = form({"then": [one, one]})
    assert simulator.holds(twice, Witness(0, 0, wood))
    thrice = form({"then": [one, one, one]})
    assert not simulator.holds(thrice, Witness(0, 0, wood))
    assert simulator.holds(thrice, Witness(0, 0, (*wood, collect)))
    # Held at once, the parts still take a step each.
    both = form({"then": [{"has": "wood"}, {"has": "wood", "at_least": 1}]})
    first = wood.index(collect) + 1
    assert not simulator.holds(both, Witness(0, 0, wood[:first]))
    assert simulator.holds(both, Witness(0, 0, (*wood[:first], WAIT)))


def test_quantities_are_what_a_person_would_count(simulator: Simulator) -> None:
    goal = {"all": [{"placed": "table"}, {"has": "wood", "at_least": 2}]}
    predicate, witness = form(goal), found(simulator, goal)
    last = simulator.states(predicate, witness)[-1]
    values = np.asarray(quantities(jax.tree.map(jnp.asarray, last)))
    assert values.shape == (len(QUANTITIES),)
    grid = np.asarray(last.grid)
    row, column = (int(x) for x in last.position)
    for place, quantity in enumerate(QUANTITIES):
        if quantity.measure == Measure.NEAR:
            r = quantity.within
            part = grid[max(0, row - r) : row + r + 1, max(0, column - r) : column + r + 1]
            kind = Material[quantity.thing.upper()]
            assert values[place] == (part == kind).sum(), quantity
    assert values[place_of(Quantity(Measure.HAS, "wood"))] == int(last.inventory[0])
    assert values[place_of(Quantity(Measure.PLACED, "table"))] == 1
    facing = [values[p] for p, q in enumerate(QUANTITIES) if q.measure == Measure.FACING]
    assert sum(facing) == 1


def test_the_worlds_own_tasks_are_rewarded_as_before_and_new_ones_compile_nothing() -> None:
    space = with_proposed(SPACE, [])
    params = make_predicate_params(space, maps=4, limit=LIMIT)
    plain = make_params(SPACE, maps=4, limit=LIMIT)
    mine, other = PredicateWorld(len(space.vocabulary)), World(len(SPACE.vocabulary))
    compiled = 0

    def roll(world: World) -> Any:
        def run(key: jax.Array, params: Any) -> Any:
            nonlocal compiled
            compiled += 1
            tasks = jnp.arange(len(SPACE.tasks))
            states = jax.vmap(world.begin, (0, 0, None))(tasks % 4, tasks, params)

            def one(states: Any, key: jax.Array) -> Any:
                action_key, key = jax.random.split(key)
                actions = jax.random.randint(action_key, tasks.shape, 0, 15)
                keys = jax.random.split(key, len(tasks))
                seen, states, reward, _, info = jax.vmap(world.step_env, (0, 0, 0, None))(
                    keys, states, actions, params
                )
                return states, (reward, info["achieved"], seen.sum(axis=1))

            return jax.lax.scan(one, states, jax.random.split(key, LIMIT))[1]

        return jax.jit(run)

    first = roll(mine)
    reward, achieved, seen = first(jax.random.key(0), params)
    plain_reward, plain_achieved, _ = roll(other)(jax.random.key(0), plain)
    assert np.array_equal(achieved, plain_achieved)
    # A done task stays done where an episode is not ended, in both worlds.
    assert np.array_equal(np.maximum.accumulate(reward), np.maximum.accumulate(plain_reward))
    assert reward.sum() > 0
    assert seen.shape == reward.shape
    proposed = [form({"has": "wood", "at_most": 3}), form({"all": [{"has": "wood"},
                {"near": "tree", "within": 3}]})]  # fmt: skip
    more = with_proposed(SPACE, proposed)
    assert more.words.shape == space.words.shape
    reward, _, _ = first(jax.random.key(0), make_predicate_params(more, maps=4, limit=LIMIT))
    assert compiled == 2
    done = reward.max(axis=0)
    assert done[more.index(proposed[0].name)] == 1.0
    assert more.possible.sum() == SPACE.possible.sum() + 2
