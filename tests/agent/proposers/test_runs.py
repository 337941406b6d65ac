"""Runs of an idea: what a slot goes on from, and what its request carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.proposers import (
    Attempt,
    LlmProposer,
    Peer,
    ProposerContext,
    load_prompts,
    parse_proposal,
    proposal_schema,
)
from agent.proposers.runs import earlier_runs, idea_number, previous_run, run_number
from templates.edits import Edit, parse_edits
from templates.errors import CandidateError
from templates.registry import load_template

TEMPLATE = load_template("grokking")
assert TEMPLATE.spec.experiment is not None
EXPERIMENT = TEMPLATE.spec.experiment
WIDER = "model.py\n<<<<<<< SEARCH\nWIDTH = 64\n=======\nWIDTH = 96\n>>>>>>> REPLACE\n"
BASELINES = tuple(
    Peer(f"b{place}", place, one.name, one.title, one.code, "baseline", "search", score=0.5)
    for place, one in enumerate(TEMPLATE.baselines)
)


def ran(slot: int, score: float | None = 0.6, code: str = WIDER) -> Peer:
    index = len(BASELINES) + slot
    return Peer(f"c{slot}", index, f"idea_{slot}", "why", code, "proposal", "search", score=score)


def numbers(visible: tuple[Peer, ...], slots: int, in_flight: int) -> list[int]:
    return [run_number(visible, slot, in_flight, EXPERIMENT) for slot in range(slots)]


def test_slots_are_runs_of_as_many_ideas_as_are_in_flight() -> None:
    visible = (*BASELINES, *(ran(slot) for slot in range(10)))
    assert EXPERIMENT.runs == 3
    assert numbers(visible, 10, 2) == [1, 1, 2, 2, 3, 3, 1, 1, 2, 2]
    before = previous_run(visible, 5, 2, EXPERIMENT)
    assert before is not None
    assert before.id == "c3"
    assert previous_run(visible, 6, 2, EXPERIMENT) is None
    of_ideas = [idea_number(visible, slot, 2, EXPERIMENT) for slot in range(10)]
    assert of_ideas == [0, 1, 0, 1, 0, 1, 2, 3, 2, 3]


def test_after_a_failure_an_idea_begins_afresh() -> None:
    visible = (*BASELINES, ran(0), ran(1, None), *(ran(slot) for slot in range(2, 8)))
    assert numbers(visible, 8, 2) == [1, 1, 2, 1, 3, 2, 1, 3]
    of_ideas = [idea_number(visible, slot, 2, EXPERIMENT) for slot in range(8)]
    assert of_ideas == [0, 1, 0, 3, 0, 3, 2, 3]


def context(*visible: Peer) -> ProposerContext:
    return ProposerContext(TEMPLATE.spec, load_prompts(TEMPLATE.prompt), 7, (*BASELINES, *visible))


def test_a_next_run_shows_edited_files_and_comes_after_the_edits_before() -> None:
    request = LlmProposer(in_flight=1).request(context(ran(0)), 1, ())
    text = request.completion.messages[1].content
    assert (request.base, request.parents, request.role) == (WIDER, ("c0",), "propose")
    assert "WIDTH = 96\n" in text
    assert "This is run 2 of 3" in text
    assert request.completion.schema is not None
    narrowed = request.completion.schema["properties"]["edits"]["anyOf"][0]["items"]["anyOf"]
    offered = {one for part in narrowed for one in part["properties"]["search"]["enum"]}
    assert {"WIDTH = 96", "WIDTH = 64"} & offered == {"WIDTH = 96"}
    failed = Attempt(f"{WIDER}\nmodel.py\nnonsense", "search_missing", "it is not there")
    repair = LlmProposer(in_flight=1).request(context(ran(0)), 1, [failed])
    text = repair.completion.messages[1].content
    assert (repair.base, repair.role) == (WIDER, "repair")
    assert "nonsense" in text
    assert "it is not there" in text
    assert "<<<<<<<" not in text


def test_an_idea_is_carried_out_once_and_then_gone_on_with() -> None:
    proposer = LlmProposer(in_flight=1)
    first = proposer.request(replace(context(), idea="Widen."), 0, ())
    later = proposer.request(replace(context(ran(0)), idea="Widen."), 1, ())
    assert "Direction: carry out this idea. Widen." in first.completion.messages[1].content
    assert "if it fits: go on with this idea. Widen." in later.completion.messages[1].content


def test_a_next_run_shows_every_metric_of_the_runs_before() -> None:
    spec = TEMPLATE.spec
    metrics = {one.name: 0.125 * place for place, one in enumerate(spec.metrics, 1)}
    runs = [replace(ran(slot), metrics={**metrics, "delay": 400.0 + slot}) for slot in (0, 1)]
    visible = context(*runs)
    untouched = next(one for one in BASELINES if one.name == "untouched")
    measured = [replace(one, metrics=metrics) if one is untouched else one for one in BASELINES]
    shown = replace(visible, visible=(*measured, *runs))
    text = LlmProposer(in_flight=1).request(shown, 2, ()).completion.messages[1].content
    said = "accuracy_along 0.125, final_accuracy 0.25, steps_to_99 0.375, delay"
    assert f"- the untouched experiment: {said} 0.5\n" in text
    assert f"- run 1, idea_0: {said} 400\n" in text
    assert f"- run 2, idea_1: {said} 401\n" in text
    assert "steps_to_99: smaller is better" in text
    assert [one.id for one in earlier_runs(shown.visible, 2, 1, EXPERIMENT)] == ["c0", "c1"]
    assert (
        "- run 1"
        not in LlmProposer(in_flight=1).request(context(), 0, ()).completion.messages[1].content
    )


def test_four_repairs_of_different_errors_keep_the_idea() -> None:
    tried = [Attempt(WIDER, "run_time_error", f"error {number}") for number in range(4)]
    proposer = LlmProposer(in_flight=1)
    assert proposer.request(context(), 0, tried).role == "repair"
    assert proposer.request(context(), 0, [*tried, tried[-1]]).role == "propose"


def test_the_schema_offers_only_files_that_may_be_edited() -> None:
    edits = proposal_schema(TEMPLATE.spec)["properties"]["edits"]
    assert edits["items"]["properties"]["file"]["enum"] == ["model.py", "training.py"]


def test_edits_of_an_answer_become_blocks() -> None:
    text = (
        '{"thought": "t", "name": "n", "edits": [{"file": "model.py", "search": "WIDTH = 64\\n", '
        '"replace": "WIDTH = 96"}, {"file": "a.py", "search": "x", "replace": ""}, '
        '{"file": "a.py", "search": "x", "replace": ""}]}'
    )
    assert parse_edits(parse_proposal(text).code) == (
        Edit("model.py", "WIDTH = 64", "WIDTH = 96"),
        Edit("a.py", "x", ""),
    )


def test_an_answer_that_is_cut_off_inside_of_an_edit_is_named_so() -> None:
    text = '{"thought": "t", "name": "n", "edits": [{"file": "a.py", "search": "x", "replace": "'
    for cut in (text, text + 'y"}, {"file": "b.py"'):
        with pytest.raises(CandidateError) as caught:
            parse_proposal(cut)
        assert caught.value.kind == "truncated_json"


@pytest.mark.parametrize(
    ("kind", "edits"),
    [
        ("no_edits", "[]"),
        ("wrong_type", '["WIDTH"]'),
        ("missing_field", '[{"file": "model.py", "search": "a"}]'),
        ("wrong_type", '[{"file": "model.py", "search": 1, "replace": "b"}]'),
        ("malformed_edit", '[{"file": "model.py", "search": "=======", "replace": "b"}]'),
    ],
)
def test_answers_that_are_no_edits_are_named(kind: str, edits: str) -> None:
    with pytest.raises(CandidateError) as caught:
        parse_proposal(f'{{"thought": "t", "name": "n", "edits": {edits}}}')
    assert caught.value.kind == kind
