"""Generations from checkpoints: the same bits as in one go, and choices that are data."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from templates.contract import Advance
from templates.errors import CandidateError, InfrastructureError
from templates.omni.core import results
from templates.omni.curriculum.choice import given_by, weighed
from templates.omni.curriculum.episodes import Filming, packed_episodes
from templates.omni.curriculum.figures import animations
from templates.omni.curriculum.generation import Generations, next_end
from templates.omni.settings import PROFILES, TASKS, Setup
from templates.omni.training import Trainer

pytestmark = pytest.mark.gate

SMALL = replace(
    TASKS["standard"].profile,
    environments=8,
    steps=32,
    rollouts=2,
    minibatches=2,
    epochs=1,
    measured=1,
)
SETUP = Setup(SMALL, SMALL.generation * 4)
NAMES = [task.name for task in SETUP.tasks.tasks]
NOTHING = {"kind": "progress"}


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer(SMALL, len(SETUP.tasks.vocabulary))


@pytest.fixture(scope="module")
def generations(trainer: Trainer) -> Generations:
    return Generations(trainer, Filming(trainer.world, SMALL.limit), results)


def advance(
    generations: Generations, choice: object, checkpoint: bytes | None, parts: int = 4
) -> Advance:
    assert isinstance(choice, dict)
    return generations.advance(SETUP, choice, checkpoint, task="standard", seed=5, parts=parts)


def arrays(checkpoint: bytes) -> dict[str, NDArray[Any]]:
    with np.load(io.BytesIO(checkpoint), allow_pickle=False) as found:
        return dict(found)


@pytest.mark.full("templates")
def test_stopping_changes_nothing(trainer: Trainer, generations: Generations) -> None:
    """In steps as in one go, and both as a training whose sampler chooses the same."""
    first = stepwise = advance(generations, NOTHING, None)
    for _ in range(3):
        stepwise = advance(generations, NOTHING, stepwise.checkpoint)
    at_once = advance(generations, NOTHING, None, 1)
    # Only when a task was seen to be learned depends on when somebody looked.
    kept, other = arrays(stepwise.checkpoint), arrays(at_once.checkpoint)
    assert set(kept) == set(other)
    assert {name for name in kept if not np.array_equal(kept[name], other[name])} <= {"learned"}
    again = advance(generations, NOTHING, None, 1)
    assert again.checkpoint == at_once.checkpoint
    assert stepwise.result.metrics == at_once.result.metrics
    given = jax.device_put(given_by(NOTHING, NAMES))
    trained = results("standard", SETUP, [5], trainer.train(weighed, SETUP, [5], None, given))[0]
    assert at_once.result.metrics == trained.metrics
    assert {name: at_once.result.detail[name] for name in trained.detail} == trained.detail
    assert first.checkpoint != stepwise.checkpoint


def test_choices_decide_what_is_drawn(generations: Generations) -> None:
    start = advance(generations, NOTHING, None, 2).checkpoint

    def drawn(choice: object) -> dict[str, float]:
        table = advance(generations, choice, start).result.detail["tasks"]
        return dict(zip(table["names"], table["chances"], strict=True))

    plain = drawn(NOTHING)
    likely = sorted(plain, key=lambda name: -plain[name])[:3]
    assert plain[likely[2]] > 0.0
    dull = drawn({"kind": "labels", "boring": likely})
    assert all(dull[name] < 0.01 * plain[name] for name in likely)
    two = drawn({"kind": "next", "tasks": likely[:2]})
    assert {name: share for name, share in two.items() if share} == dict.fromkeys(likely[:2], 0.5)
    # Who can do what goes best finds all others boring.
    best = {
        name: [other for other in NAMES if other != name] for name, share in plain.items() if share
    }
    alone = sorted(drawn({"kind": "matrix", "boring": best}).values())
    assert alone[-1] > 0.9
    assert np.isclose(sum(alone), 1.0, atol=1e-3)


@pytest.mark.parametrize(
    "choice",
    [
        {"kind": "labels", "boring": ["fly to the moon"]},
        {"kind": "labels", "boring": "collect wood"},
        {"kind": "labels", "boring": [3]},
        {"kind": "next", "tasks": []},
        {"kind": "matrix", "boring": {"collect wood": [None]}},
        {"kind": "progress", "boring": []},
        {"kind": "eval", "code": "1"},
        {},
    ],
)
def test_what_is_no_choice_is_refused(choice: dict[str, object]) -> None:
    with pytest.raises(CandidateError) as caught:
        given_by(choice, NAMES)
    assert caught.value.kind == "choice"


def test_a_damaged_checkpoint_is_refused(generations: Generations) -> None:
    whole = advance(generations, NOTHING, None).checkpoint
    for damaged in (b"", whole[:1000], b"no archive" * 99):
        with pytest.raises(InfrastructureError, match="cannot be read"):
            advance(generations, NOTHING, damaged)
    other = replace(SMALL, memory=32)
    trainer = Trainer(other, len(SETUP.tasks.vocabulary))
    wider = Generations(trainer, Filming(trainer.world, other.limit), results)
    setup = Setup(other, other.generation)
    with pytest.raises(InfrastructureError, match="where this template has"):
        wider.advance(setup, NOTHING, whole, task="standard", seed=5, parts=1)


def test_episodes_end_with_success_and_can_be_looked_at(trainer: Trainer) -> None:
    place = trainer.place(SETUP, [1])
    weights = jax.tree.map(lambda leaf: leaf[0], trainer.begin(place).pupils.weights)
    params = place.space.unseen
    agent, filming = trainer.agent(params), Filming(trainer.world, SMALL.limit)
    task = NAMES.index("collect wood")
    episode = filming.film(agent, params, weights, task, jax.random.key(3))
    assert episode is not None
    wood = episode["inventory"][:, 0]
    assert wood[-1] == 1
    assert not wood[:-1].any()
    impossible = int(np.flatnonzero(~SETUP.tasks.possible)[0])
    assert filming.film(agent, params, weights, impossible, jax.random.key(3)) is None
    packed = packed_episodes([("collect wood", episode)])
    assert packed == packed_episodes([("collect wood", episode)])
    ((name, picture),) = animations(packed)
    assert (name, picture[:6]) == ("collect wood", b"GIF89a")


def test_parts_make_a_whole_and_go_on() -> None:
    setup = Setup(SMALL, SMALL.generation * 10)
    ends = [0]
    while len(ends) < 7:
        ends.append(next_end(setup, ends[-1], 3))
    assert ends == [0, 3, 6, 10, 13, 16, 20]
    profile = PROFILES["gpu"]["standard"]
    assert next_end(profile, 0, 8) * 8 == profile.generations
