"""Questions about the tasks of a curriculum: pure functions of the table and of what was chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.llm.constraint import lark_grammar
from agent.proposers.curriculum import PROGRESS, PROMPTS, NameQuery, next_query, standings
from templates.errors import CandidateError, UserError
from templates.registry import load_template
from templates.specification import Curriculum

TABLE: dict[str, list[Any]] = {
    "names": ["fly", "collect wood", "collect two wood", "place table", "ride", "paint"],
    "success": [0.0, 0.9, 0.5, 0.1, 0.0, 0.0],
    "progress": [0.0, 0.1, 0.2, 0.3, 0.0, 0.0],
    "counts": [4, 9, 9, 9, 3, 2],
    "chances": [0.0] * 6,
}
ROWS = standings(TABLE)


def curriculum(asks: Any, **changes: Any) -> Curriculum:
    found = load_template("omni", {"choice": asks}).spec.curriculum
    assert found is not None
    assert found.asks == asks
    return found.model_copy(update=changes)


def query(asks: str, before: Any = PROGRESS, number: int = 1, **changes: Any) -> NameQuery:
    found = next_query(curriculum(asks, **changes), ROWS, before, number)
    assert found is not None
    return found


def answer(**fields: Any) -> str:
    return json.dumps({"thought": "because", **fields})


def test_labels_are_asked_of_what_is_in_play_and_kept_for_the_rest() -> None:
    asked = query("labels", {"kind": "labels", "boring": ["collect wood", "ride"]})
    assert asked.listed == ("collect wood", "collect two wood", "place table")
    choice = asked.choice(answer(boring=["collect two wood", "collect two wood"]))
    assert choice.data == {"kind": "labels", "boring": ["collect two wood", "ride"]}
    assert choice.thought == "because"
    nothing = standings({**TABLE, "success": [0.0] * 6, "progress": [0.0] * 6})
    assert next_query(curriculum("labels"), nothing, PROGRESS, 1) is None


def test_a_matrix_is_asked_for_row_by_row() -> None:
    first = query("matrix")
    assert first.representative == "collect wood"
    rows = first.choice(answer(boring=["collect two wood"])).data
    assert rows == {"kind": "matrix", "boring": {"collect wood": ["collect two wood"]}}
    # What else is in play is not learned, so nothing is left to ask.
    assert next_query(curriculum("matrix"), ROWS, rows, 1) is None
    open_rows = {"kind": "matrix", "boring": {"collect wood": []}}
    second = query("matrix", open_rows)
    assert second.representative == "collect two wood"
    assert second.choice(answer(boring=[])).data["boring"] == {
        "collect wood": [],
        "collect two wood": [],
    }


def test_the_next_tasks_are_some_of_the_listed_and_all_get_their_turn() -> None:
    asked = query("next", chosen=2, listed=4)
    assert asked.listed[:3] == ("collect wood", "collect two wood", "place table")
    seen = {name for number in range(3) for name in query("next", number=number, listed=4).listed}
    assert seen == set(TABLE["names"])
    choice = asked.choice(answer(tasks=["place table", "place table", "collect wood"]))
    assert choice.data == {"kind": "next", "tasks": ["place table", "collect wood"]}
    with pytest.raises(CandidateError, match="names no task"):
        asked.choice(answer(tasks=[]))


@pytest.mark.parametrize("asks", sorted(set(PROMPTS) - {"predicates"}))
def test_requests_name_the_listed_tasks_and_are_the_same_again(asks: str) -> None:
    template = load_template("omni", {"choice": asks})
    prompt = template.prompt(PROMPTS[asks])
    asked = query(asks)
    given: Any = {"seed": 3, "temperature": 0.0, "timeout_s": 9.0}
    request = asked.request(prompt, **given)
    assert request == query(asks).request(prompt, **given)
    text = request.messages[0].content
    assert all(name in text for name in asked.listed)
    assert request.schema is not None
    grammar = lark_grammar(request.schema)
    assert all(json.dumps(name)[1:-1] in grammar for name in asked.listed)
    again = asked.request(prompt, **given, errors=[("{}", "it is no list")])
    assert [message.role for message in again.messages] == ["user", "assistant", "user"]
    assert "it is no list" in again.messages[-1].content
    with pytest.raises(UserError, match="prompt"):
        asked.request("{{ nobody }}", **given)
    with pytest.raises(UserError, match=r"prompt.*unsafe"):
        asked.request("{{ cycler.__init__.__globals__ }}", **given)


@pytest.mark.parametrize(
    "text",
    ["", "boring", "[]", "{}", answer(boring="all"), answer(boring=[1]), answer(boring=["x"])],
)
def test_other_answers_are_refused(text: str) -> None:
    with pytest.raises(CandidateError) as caught:
        query("labels").choice(text)
    assert caught.value.kind == "answer"
