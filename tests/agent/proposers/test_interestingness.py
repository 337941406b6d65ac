"""The model of interestingness: questions follow from the table."""

from __future__ import annotations

from agent.proposers.interestingness import Question, next_question

SUCCESS = {
    "collect two wood": 0.6,
    "collect wood": 0.9,
    "place table": 0.4,
    "make wood sword": 0.1,
    "collect coal": 0.0,
}


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
