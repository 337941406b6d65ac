"""The model of interestingness: questions follow from the table, answers become a matrix."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agent.proposers.interestingness import (
    Question,
    boring_matrix,
    next_question,
    parse_answer,
    to_request,
)
from templates.errors import CandidateError, UserError
from templates.registry import load_template

SUCCESS = {
    "collect two wood": 0.6,
    "collect wood": 0.9,
    "place table": 0.4,
    "make wood sword": 0.1,
    "collect coal": 0.0,
}
PROMPT = load_template("omni").prompt("interesting.jinja")


def test_questions_go_from_the_best_task_down_and_skip_what_is_boring() -> None:
    first = next_question(SUCCESS, {})
    assert first == Question(
        "collect wood", (), ("collect two wood", "place table", "make wood sword", "collect coal")
    )
    answers = {"collect wood": frozenset({"collect two wood"})}
    second = next_question(SUCCESS, answers)
    assert second == Question("place table", ("collect wood",), ("make wood sword", "collect coal"))
    # What is not learned represents nothing, so this is the end.
    assert next_question(SUCCESS, {**answers, "place table": frozenset()}) is None
    kept = next_question(SUCCESS, {"collect wood": frozenset()})
    assert kept is not None
    assert kept.representative == "collect two wood"
    assert next_question(dict.fromkeys(SUCCESS, 0.0), {}) is None
    short = next_question(SUCCESS, {}, most=2)
    assert short is not None
    assert short.candidates == ("collect two wood", "place table")


def test_what_was_found_interesting_is_never_made_boring() -> None:
    answers = {
        "collect wood": frozenset[str](),
        "collect two wood": frozenset({"collect wood", "place table"}),
    }
    assert next_question(SUCCESS, answers) is None
    still = next_question({**SUCCESS, "make wood sword": 0.3}, answers)
    assert still is not None
    assert still.done == ("collect wood", "collect two wood")


def test_a_request_shows_all_and_takes_only_names_of_the_list() -> None:
    question = Question("place table", ("collect wood",), ("make wood sword", "collect coal"))
    request = to_request(question, PROMPT, seed=3)
    assert request == to_request(question, PROMPT, seed=3)
    (message,) = request.messages
    for name in ("place table", "collect wood", "- make wood sword\n", "- collect coal\n"):
        assert name in message.content
    assert request.schema is not None
    assert request.schema["properties"]["boring"]["items"]["enum"] == list(question.candidates)
    answer = json.dumps({"thought": "coal is new", "boring": ["make wood sword"]})
    assert parse_answer(answer, question) == {"make wood sword"}
    for wrong, said in (
        ("make wood sword", "no JSON"),
        ("[]", "list"),
        ('{"boring": "all"}', "list"),
        ('{"boring": ["collect wood"]}', "none of the tasks"),
    ):
        with pytest.raises(CandidateError, match=said):
            parse_answer(wrong, question)
    with pytest.raises(UserError, match="interesting"):
        to_request(question, "{{ nobody }}")


def test_answers_become_a_matrix() -> None:
    names = list(SUCCESS)
    found = boring_matrix({"collect wood": frozenset({"collect two wood"})}, names)
    assert found.sum() == 1
    assert found[1, 0]
    assert found.dtype == np.bool_
