"""Questions for new tasks: what goes how well, what was refused, and the grammar of an answer."""

from __future__ import annotations

import json
from typing import Any

from agent.llm.constraint import lark_grammar
from agent.proposers.curriculum import PROMPTS, standings
from agent.proposers.inventing import refusals, task_query, thought_of
from templates.omni.predicates.asking import language, read_answer
from templates.registry import load_template

TEMPLATE = load_template("omni", {"choice": "predicates"})
PROMPT = TEMPLATE.prompt(PROMPTS["predicates"])
ROWS = standings(
    {
        "names": ["fly", "collect wood", "have wood and near water", "place table"],
        "success": [0.0, 0.9, 0.5, 0.0],
        "progress": [0.0, 0.1, 0.2, 0.3],
        "counts": [4, 9, 9, 9],
    }
)
PROPOSED = [
    {"name": "have wood and near water", "success": 0.5, "learned": True},
    {"name": "facing diamond", "success": 0.0, "learned": False},
]
GIVEN: Any = {"seed": 3, "temperature": 0.0, "timeout_s": 9.0}


def verdict(name: str, status: str = "known already", **changes: Any) -> dict[str, Any]:
    told = {"name": name, "status": status, "accepted": False, "reason": f"{name} is no good"}
    return {**told, "thought": f"why {name}", **changes}


def text_of(refused: Any = ()) -> str:
    curriculum = TEMPLATE.spec.curriculum
    assert curriculum is not None
    query = task_query(curriculum, language(curriculum.chosen), ROWS, PROPOSED, refused)
    request = query.request(PROMPT, **GIVEN)
    assert request == query.request(PROMPT, **GIVEN)
    assert request.schema == language(curriculum.chosen).schema
    assert request.max_tokens == language(curriculum.chosen).max_tokens
    (message,) = request.messages
    return message.content


def test_a_question_shows_the_table_and_what_was_refused() -> None:
    text = text_of(refusals([], [verdict("have ten diamond", "not shown to be solvable")]))
    for shown in (
        "- collect wood: 90 %",
        "- have wood and near water: 50 %",
        "- place table: 0 %",
        "never done yet: facing diamond.",
        "- not shown to be solvable: have ten diamond is no good",
        "Propose 3 new tasks",
        "stone pickaxe",
    ):
        assert shown in text
    assert "fly" not in text
    assert "refused:" not in text_of()
    # The example is a task that can be read.
    example = text.split("For example: ")[1].split("\n")[0]
    (proposal,) = read_answer(example)
    assert proposal.predicate is not None
    assert proposal.predicate.name == "have two wood then have two wood and beside water"


def test_the_grammar_allows_nothing_but_the_language() -> None:
    grammar = lark_grammar(language(3).schema)
    for name in ("stone pickaxe", "place furnace", "near", "exactly", "not", "any"):
        assert json.dumps(name)[1:-1] in grammar
    assert "dragon" not in grammar


def test_refusals_are_the_last_ones_and_none_is_told_twice() -> None:
    first = refusals([], [verdict("a"), verdict("b", accepted=True)])
    assert first == [{"status": "known already", "reason": "a is no good"}]
    again = refusals(first, [verdict("c"), verdict("a")])
    assert [one["reason"][0] for one in again] == ["c", "a"]
    many = refusals(again, [verdict(f"{n} was") for n in range(20)])
    assert len(many) == 8
    assert many[-1]["reason"] == "19 was is no good"


def test_the_reasons_are_those_of_what_was_accepted() -> None:
    both = [verdict("a"), verdict("b", accepted=True)]
    assert thought_of(both) == "why b"
    assert thought_of(both[:1]) == "why a"
    assert thought_of([]) == ""
