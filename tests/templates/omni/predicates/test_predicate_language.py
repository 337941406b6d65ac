"""Reading goals, their normal form, and what hostile answers do: nothing but a clear error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.llm.constraint import lark_grammar
from templates.errors import CandidateError
from templates.omni.predicates.language import (
    MANY,
    QUANTITIES,
    All,
    AnyOf,
    Atom,
    Condition,
    Goal,
    Not,
    place_of,
)
from templates.omni.predicates.normal import WORDS, Predicate, normal_form, predicate_of
from templates.omni.predicates.parsing import (
    DEEPEST,
    LONGEST,
    MOST_NODES,
    parse_goal,
    read_json,
    schema,
)
from templates.omni.tasks import standard_tasks

FIVE = ("wood", "coal", "iron", "stone", "diamond")


def form(goal: Any) -> Predicate:
    return normal_form(parse_goal(goal))


@pytest.mark.parametrize(
    ("goal", "name"),
    [
        ({"has": "wood"}, "collect wood"),
        ({"has": "wood", "at_least": 2}, "have two wood"),
        ({"has": "WOOD_PICKAXE", "exactly": 0}, "make no wood pickaxe"),
        ({"did": "collect stone", "at_least": 2, "at_most": 4}, "collect two to four stone"),
        ({"not": {"near": "water", "within": 3}}, "not around water"),
        (
            {"then": [{"did": "place table"}, {"all": [{"facing": "water"}, {"has": "wood"}]}]},
            "place table then have wood and facing water",
        ),
        (
            {"any": [{"has": "iron"}, {"has": "coal", "at_least": 3}]},
            "have three coal or have iron",
        ),
        ({"not": {"any": [{"has": "iron"}, {"has": "coal"}]}}, "have no coal and have no iron"),
        ({"not": {"has": "coal", "exactly": 2}}, "have at most one coal or have three coal"),
        ({"all": [{"has": "coal"}, {"has": "coal", "at_least": 3}]}, "have three coal"),
        ({"placed": "table", "at_most": 1}, "place at most one table"),
        (
            {"then": [{"has": "coal", "at_least": 2}, {"placed": "table", "at_most": 1}]},
            "have two coal then standing at most one table",
        ),
    ],
)
def test_goals_get_a_name_from_their_meaning(goal: Any, name: str) -> None:
    assert form(goal).name == name
    assert set(form(goal).bag) <= set(WORDS)


@pytest.mark.parametrize(
    ("goal", "kind", "message"),
    [
        (["has"], "type", "goal must be an object, not a list"),
        ({}, "type", "it has nothing"),
        ({"has": "wood", "did": "collect wood"}, "type", "exactly one of"),
        ({"has": "wodo"}, "name", r"goal\.has: 'wodo' is unknown; known: wood"),
        ({"has": "x" * 900}, "name", r"goal\.has: 'x{37}\.\.\.'"),
        ({"has": 3}, "type", r"goal\.has must be a name, not a number"),
        ({"near": "outside"}, "name", "unknown"),
        ({"placed": "water"}, "name", "unknown"),
        ({"did": "collect table"}, "name", "unknown; known: collect"),
        ({"has": "wood", "at_least": True}, "type", r"at_least must be a whole number"),
        ({"has": "wood", "at_least": 2.0}, "type", "whole number"),
        ({"has": "wood", "at_least": 11}, "number", "must be 0 to 10"),
        ({"has": "wood", "at_least": -1}, "number", "must be 0 to 10"),
        ({"has": "wood", "at_least": 10**400}, "number", "must be 0 to 10"),
        ({"has": "wood", "at_least": 5, "at_most": 2}, "number", "at_least 5 is more"),
        ({"has": "wood", "exactly": 5, "at_most": 7}, "number", "no other bound"),
        ({"near": "water", "within": 4}, "number", r"within must be 1 to 3"),
        ({"near": "water", "at_least": 2}, "type", "'at_least' does not belong here"),
        ({"then": []}, "type", r"goal\.then must not be empty"),
        ({"then": [{"has": "wood"}] * 4}, "size", "at most 3"),
        ({"all": [{"then": [{"has": "wood"}]}]}, "type", r"goal\.all\[0\]: \"then\" orders"),
        ({"then": [{"has": "wood"}, {"all": [{"any": "x"}]}]}, "type", r"then\[1\]\.all\[0\]\.any"),
        ({"all": [{"has": "wood"}] * 100}, "size", f"at most {MOST_NODES} conditions"),
        ({"all": [{"has": "coal"}, {"not": {"has": "coal"}}]}, "contradiction", "never hold"),
        (
            {"then": [{"has": "wood"}, {"all": [{"has": "coal", "at_most": 1}, {"has": "coal",
             "at_least": 2}]}]},
            "contradiction",
            r"goal\.then\[1\]",
        ),
        ({"has": "wood", "at_least": 0}, "trivial", "always holds"),
        ({"any": [{"has": "coal"}, {"not": {"has": "coal"}}]}, "trivial", "always holds"),
        ({"all": [{"has": n} for n in FIVE]}, "size", "needs 5 clauses"),
        ({"any": [{"has": n} for n in FIVE]}, "size", "5 alternatives"),
    ],
)  # fmt: skip
def test_errors_name_the_place(goal: Any, kind: str, message: str) -> None:
    with pytest.raises(CandidateError, match=message) as caught:
        form(goal)
    assert caught.value.kind == kind
    assert len(caught.value.message) < 1000


def test_hostile_answers_are_refused_before_they_cost_anything() -> None:
    nested: Any = {"has": "wood"}
    for _ in range(DEEPEST):
        nested = {"not": nested}
    with pytest.raises(CandidateError, match="nested"):
        parse_goal(nested)
    # 3 ** 15 clauses, had nobody counted.
    pair = {"all": [{"has": "wood"}, {"has": "coal"}, {"has": "iron"}]}
    with pytest.raises(CandidateError, match="multiply"):
        form(
            {
                "any": [
                    {"all": [{"has": "stone", "at_least": i}, *pair["all"]]} for i in range(1, 10)
                ]
            }
        )
    for text, kind in (
        ("[" * (LONGEST - 1), "size"),
        (" " * (LONGEST + 1), "size"),
        ("9" * 9000, "answer"),
        ('{"tasks": NaN}', "answer"),
        ('{"a": 1, "a": 2}', "answer"),
        ("{", "answer"),
    ):
        with pytest.raises(CandidateError) as caught:
            read_json(text)
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"all": [{"has": "wood"}, {"near": "table"}]},
            {"all": [{"near": "table", "within": 1}, {"has": "wood", "at_least": 1}]},
        ),
        ({"not": {"not": {"has": "wood"}}}, {"any": [{"has": "wood", "at_least": 2},
                                                      {"has": "wood"}]}),
        (
            {"any": [{"all": [{"has": "wood"}, {"has": "coal"}]}, {"has": "wood"}]},
            {"then": [{"has": "wood"}]},
        ),
        ({"all": [{"any": [{"has": "wood"}, {"has": "coal"}]}, {"not": {"has": "coal"}}]},
         {"all": [{"has": "coal", "exactly": 0}, {"has": "wood"}]}),
    ],
)  # fmt: skip
def test_what_means_the_same_has_one_form(one: Any, other: Any) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"has": "wood"}, {"did": "collect wood"}),
        ({"has": "stone sword"}, {"did": "make stone sword"}),
        ({"has": "diamond", "at_least": 3}, {"did": "collect diamond", "at_least": 3}),
        ({"placed": "table", "exactly": 2}, {"did": "place table", "exactly": 2}),
    ],
)
def test_what_comes_to_the_same_in_the_first_part_has_one_form(one: Any, other: Any) -> None:
    assert form(one) == form(other)
    later = {"has": "stone", "at_least": 2}
    assert form({"then": [one, later]}) == form({"then": [other, later]})
    # Later it is what was done since then that counts.
    assert form({"then": [later, one]}) != form({"then": [later, other]})
    # What is used up is had less often than it was collected.
    assert form({"has": "wood", "at_least": 2}) != form({"did": "collect wood", "at_least": 2})


def test_order_and_numbers_matter() -> None:
    first, second = {"did": "collect wood"}, {"did": "place table"}
    there, back = form({"then": [first, second]}), form({"then": [second, first]})
    assert there != back
    assert there.bag != back.bag
    assert form({"all": [first, second]}) not in (there, back)
    assert form({"has": "wood"}) != form({"has": "wood", "at_least": 2})


def test_the_worlds_own_tasks_are_goals_too() -> None:
    by_name = {task.name: task for task in standard_tasks(0).tasks}
    three = by_name["collect three wood"].need
    both = by_name["collect stone and collect coal"].need
    assert three
    assert both
    assert predicate_of(three) == form({"did": "collect wood", "at_least": 3})
    assert predicate_of(both) == form({"all": [{"did": "collect coal"}, {"did": "collect stone"}]})
    assert predicate_of(three).name == "collect three wood"


SOME = [place_of(QUANTITIES[place]) for place in (0, 2, 14, 30)]
atoms = st.builds(
    lambda place, low, more: Atom(QUANTITIES[place], low, MANY if more is None else low + more),
    st.sampled_from(SOME),
    st.integers(0, 3),
    st.none() | st.integers(0, 2),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    atoms,
    lambda inner: (
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=8,
)


def holds(condition: Condition, values: dict[int, int]) -> bool:
    if isinstance(condition, Atom):
        return condition.low <= values[place_of(condition.quantity)] <= condition.high
    if isinstance(condition, Not):
        return not holds(condition.of, values)
    each = [holds(one, values) for one in condition.of]
    return all(each) if isinstance(condition, All) else any(each)


def refusal(goal: Goal) -> str | None:
    try:
        normal_form(goal)
    except CandidateError as error:
        return error.kind
    return None


@settings(max_examples=150, deadline=None)
@given(conditions, st.lists(st.lists(st.integers(0, 7), min_size=4, max_size=4), min_size=12))
def test_the_normal_form_means_what_the_goal_means(
    condition: Condition, moments: list[list[int]]
) -> None:
    every = [dict(zip(SOME, moment, strict=True)) for moment in moments]
    truth = [holds(condition, values) for values in every]
    # In the first part some quantities are the same, which these moments know nothing of.
    goal = Goal((Atom(QUANTITIES[0], 2), condition))
    if (kind := refusal(goal)) is not None:
        assert kind == "size" or set(truth) == {kind == "trivial"}
        return
    _, part = normal_form(goal).parts
    found = [
        all(any(low <= values[q] <= high for q, low, high in clause) for clause in part)
        for values in every
    ]
    assert found == truth


def test_a_local_model_is_held_to_a_schema_of_what_can_be_read() -> None:
    grammar = lark_grammar(schema(4))
    for name in ("wood pickaxe", "collect diamond", "furnace", "water"):
        assert name in grammar
    assert set(schema(4)["properties"]) == {"tasks"}
    conditions = schema(4)["properties"]["tasks"]["items"]["properties"]["goal"]["properties"][
        "then"
    ]["items"]["properties"]["all"]["items"]["anyOf"]
    # Every shape that it may write, with the first or last value of each list, can be read.
    for pick in (0, -1):
        for shape in conditions:
            assert form_or_refusal(sample(shape, pick))


def sample(shape: dict[str, Any], pick: int) -> Any:
    if "enum" in shape:
        return shape["enum"][pick]
    if "anyOf" in shape:
        return sample(shape["anyOf"][pick], pick)
    if shape["type"] == "array":
        return [sample(shape["items"], pick)] * shape["minItems"]
    return {key: sample(inner, pick) for key, inner in shape["properties"].items()}


def form_or_refusal(goal: Any) -> str:
    parsed = parse_goal(goal)
    return refusal(parsed) or normal_form(parsed).name
