"""From a question to tasks that may be trained on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from templates.errors import CandidateError
from templates.omni.predicates.asking import MOST_TASKS, language, read_answer
from templates.omni.predicates.simulation import Simulator
from templates.omni.predicates.space import with_proposed
from templates.omni.predicates.verifying import Status, considered
from templates.omni.rendering import save_gif
from templates.omni.tasks import standard_tasks
from templates.omni.world import make_params

pytestmark = pytest.mark.gate

SPACE = standard_tasks(64)


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator(make_params(SPACE, maps=4, limit=96))


def answer(*goals: Any) -> str:
    return json.dumps({"tasks": [{"thought": f"no. {i}", "goal": g} for i, g in enumerate(goals)]})


def test_each_task_of_an_answer_gets_its_verdict(simulator: Simulator, tmp_path: Any) -> None:
    fuel = {"all": [{"has": "coal"}, {"has": "wood", "at_least": 2}]}
    text = answer(
        fuel,
        {"did": "collect wood", "at_least": 3},
        {"has": "wod"},
        {"all": fuel["all"][::-1]},
        {"all": [{"has": "iron pickaxe"}, {"did": "collect coal", "exactly": 0}]},
        {"has": "iron", "at_most": 2},
        {"all": [{"has": "wood"}, {"has": "coal", "at_least": 2}]},
    )
    verdicts = considered(text, SPACE, simulator)
    assert [one.status for one in verdicts] == [
        Status.SOLVABLE,
        Status.DUPLICATE,
        Status.MALFORMED,
        Status.DUPLICATE,
        Status.UNSHOWN,
        Status.TRIVIAL,
        Status.ALIKE,
    ]
    first = verdicts[0]
    assert first.predicate is not None
    assert first.predicate.name == "have two wood and have coal"
    assert first.thought == "no. 0"
    assert len(first.witnesses) >= 2
    assert len({witness.place for witness in first.witnesses}) == len(first.witnesses)
    for witness in first.witnesses:
        assert simulator.holds(first.predicate, witness)
    assert "collect three wood" in verdicts[1].reason
    assert "tasks[2].goal.has" in verdicts[2].reason
    assert considered(text, SPACE, simulator) == verdicts
    wrongs: tuple[dict[str, Any], ...] = ({"maps": (0, 4)}, {"least": 5}, {"least": 0})
    for wrong in wrongs:
        with pytest.raises(ValueError, match="of a pool of 4"):
            considered(text, SPACE, simulator, **wrong)
    # Asked again, it is known.
    more = with_proposed(SPACE, [first.predicate])
    assert considered(answer(fuel), more, simulator)[0].status == Status.DUPLICATE
    assert len(more.tasks) == len(SPACE.tasks)
    assert more.tasks[-1].description == "Have two wood and have coal within one episode."

    states = simulator.states(first.predicate, first.witnesses[0])
    assert len(states) == len(first.witnesses[0].actions) + 1
    save_gif(states, tmp_path / "witness.gif", first.predicate.name)
    with Image.open(tmp_path / "witness.gif") as image:
        assert isinstance(image, GifImageFile)
        assert image.n_frames > 1


@pytest.mark.parametrize(
    "text", ["nothing", "[]", "{}", '{"tasks": {}}', '{"tasks": []}', answer(*([{}] * 9))]
)
def test_an_answer_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(CandidateError):
        read_answer(text)


def test_the_language_names_what_there_is_and_bounds_an_answer() -> None:
    found = language(3)
    assert found.schema["properties"]["tasks"]["maxItems"] == 3
    assert found.max_tokens > language(1).max_tokens
    assert "stone pickaxe" in found.words["items"]
    with pytest.raises(ValueError, match="1 to"):
        language(MOST_TASKS + 1)
