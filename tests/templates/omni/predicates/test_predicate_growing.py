"""From an answer to a choice and to what is learned on, all of it tried before."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from templates.errors import CandidateError
from templates.omni.curriculum.checkpoint import Checkpoint, with_room
from templates.omni.curriculum.choice import given_by
from templates.omni.predicates.growing import Growing
from templates.omni.progress import Progress
from templates.omni.settings import TASKS
from templates.omni.training import State, make_space

pytestmark = pytest.mark.gate

SETUP = replace(TASKS["standard"], profile=replace(TASKS["standard"].profile, maps=8))
NOTHING: dict[str, Any] = {"kind": "progress"}
BESIDE = {"all": [{"has": "wood"}, {"near": "tree", "within": 3}]}
FUEL = {"all": [{"has": "coal"}, {"has": "wood", "at_least": 2}]}
BENCH = {"all": [{"has": "wood", "at_least": 2}, {"near": "table", "within": 1}]}


def answer(*goals: Any) -> str:
    return json.dumps({"tasks": [{"thought": f"no. {i}", "goal": g} for i, g in enumerate(goals)]})


@pytest.fixture(scope="module")
def growing() -> Growing:
    return Growing(slots=2)


@pytest.fixture(scope="module")
def grown(growing: Growing) -> dict[str, Any]:
    choice, verdicts = growing.consider(
        answer(BESIDE, {"has": "diamond", "at_least": 10}, FUEL), NOTHING, SETUP, ()
    )
    assert [one["accepted"] for one in verdicts] == [True, False, True]
    return choice


def test_what_was_shown_to_be_solvable_becomes_part_of_the_choice(
    growing: Growing, grown: dict[str, Any]
) -> None:
    names = ["have wood and around tree", "have two wood and have coal"]
    assert [task["name"] for task in grown["tasks"]] == names == grown["new"]
    assert [task["goal"] for task in grown["tasks"]] == [BESIDE, FUEL]
    assert json.loads(json.dumps(grown)) == grown
    ground, before = growing.ground(SETUP, grown), growing.ground(SETUP, NOTHING)
    assert ground.proposed == tuple(names)
    assert [ground.tasks.tasks[slot].name for slot in ground.slots] == names
    # Judged is what every other choice is judged by, and no shape depends on what is proposed.
    bank = make_space(SETUP).bank
    assert np.array_equal(ground.space.bank, bank)
    assert {ground.tasks.tasks[int(place)].kind for place in bank} == {
        "interesting",
        "repeat",
        "compound",
        "synonym",
    }
    assert ground.space.params.table.parts.shape == before.space.params.table.parts.shape
    assert ground.space.possible.shape == before.space.possible.shape
    given = given_by(grown, [task.name for task in ground.tasks.tasks])
    assert sorted(np.flatnonzero(given.new)) == sorted(ground.slots)
    with pytest.raises(CandidateError, match="there is no task"):
        given_by(grown, [task.name for task in before.tasks.tasks])


def test_a_learned_task_makes_room_and_others_do_not(
    growing: Growing, grown: dict[str, Any]
) -> None:
    choice, (verdict,) = growing.consider(answer(BENCH), grown, SETUP, ())
    assert verdict["status"] == "no place is left"
    assert choice == {**grown, "new": []}
    again, verdicts = growing.consider(answer(BESIDE, BENCH), grown, SETUP, grown["new"][1:])
    assert [one["status"] for one in verdicts] == ["known already", "solvable"]
    assert again["new"] == ["have two wood and beside table"]
    assert [task["name"] for task in again["tasks"]] == [grown["new"][0], *again["new"]]
    assert growing.consider(answer(BESIDE, BENCH), grown, SETUP, grown["new"][1:])[0] == again


def changed(choice: dict[str, Any], **fields: Any) -> dict[str, Any]:
    found = copy.deepcopy(choice)
    found["tasks"][0] |= fields
    return found


def test_nobodys_word_is_taken_for_a_task(growing: Growing, grown: dict[str, Any]) -> None:
    first, second = grown["tasks"]
    witness = first["witness"]
    for wrong, said in (
        (changed(grown, name="collect wood"), "in normal form"),
        (changed(grown, goal={"has": "gold"}), "cannot be read"),
        (
            changed(grown, witness={**witness, "actions": witness["actions"][:-1]}),
            "witness does not do",
        ),
        (changed(grown, witness=second["witness"]), "witness does not do"),
        (changed(grown, witness={**witness, "seed": -1}), "no proposed task"),
        (changed(grown, witness=None), "no proposed task"),
        ({**grown, "tasks": [first, first]}, "twice"),
        (changed(grown, name="collect wood", goal={"has": "wood"}), "twice"),
        ({**grown, "tasks": [first, second, first]}, "do not fit in 2"),
        ({"kind": "labels", "boring": []}, "no choice of proposed tasks"),
    ):
        with pytest.raises(CandidateError, match=said) as caught:
            growing.ground(SETUP, wrong)
        assert caught.value.kind == "choice"
    with pytest.raises(CandidateError, match="no JSON"):
        growing.consider("a task", grown, SETUP, ())


def test_of_a_task_in_anothers_place_nothing_is_known() -> None:
    fast, slow, success, counts = (jnp.arange(1.0, 7.0)[None] * scale for scale in range(1, 5))
    progress = Progress(fast, slow, success, counts, jnp.int32(3))
    state = State(None, progress, jnp.zeros(1))  # type: ignore[arg-type]
    slots = np.array([5, 3])
    before = Checkpoint(
        state=state,
        key=np.zeros(2, np.uint32),
        generation=4,
        judged=np.ones((2, 3), np.float32),
        drawn=np.ones((2, 6), np.float32),
        since=np.ones(6, np.float32),
        recent=np.ones((3, 3), np.float32),
        learned=np.ones(5, bool),
        proposed=np.array(["swim"]),
    )
    # More of them: what is there stays as it is.
    assert with_room(before, slots, ["swim", "dive"]) is before
    after = with_room(before, slots, ["dive", "swim"])
    for field in ("fast", "slow", "success", "counts"):
        was, now = (np.asarray(getattr(one.state.progress, field)) for one in (before, after))
        assert now[0, 5] == 0.0
        assert np.array_equal(now[0, :5], was[0, :5])
    assert after.learned.tolist() == [True, True, True, False, True]
    assert before.learned.all()
