from __future__ import annotations

import struct
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.archive import (
    Archive,
    AttemptRecord,
    CandidateRecord,
    EventRecord,
    Measurement,
    MeasurementKey,
    PromptRecord,
    ReviewRecord,
    discoveries_home,
)
from templates.errors import UserError
from tests.agent.archive.conftest import Adder, Maker

SAME_ARCHIVE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text().filter(lambda key: key != "$float"), inner, max_size=4)
    ),
    max_leaves=8,
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def test_every_record_comes_back_as_it_was(
    archive: Archive, campaign: str, add: Adder, make: type[Maker]
) -> None:
    parent = add(0, kind="baseline", name="dpo")
    full = add(
        1,
        parents=(parent.id,),
        thought="why not",
        model="local",
        program_digest="p",
        fingerprint="f",
        known_as="dpo",
        duplicate_of=parent.id,
        flags=("asymmetric", "lying gradient"),
        closed_form=r"\log(1+e^{-x})",
        error_kind="shape",
        error_message="expected [batch]",
        outcome="duplicate",
        score=0.1 + 0.2,
        score_low=1e-300,
        score_high=1e300,
        is_discovery=True,
        terminal=True,
    )
    assert archive.candidate(full.id) == full
    assert archive.campaign(campaign) == make.campaign(campaign)
    attempt = AttemptRecord(full.id, 0, "code", "syntax", "line 3", "call")
    assert archive.add_attempt(attempt)
    assert archive.attempts(full.id) == [attempt]
    evaluation = make.evaluation(
        full.id,
        detail={"frontier": [[1.5, 0.25]]},
        failed="diverged",
        worker="w1",
        source="reused",
        guarantees={"network": True, "files": False},
    )
    assert archive.add_evaluation(evaluation)
    assert archive.evaluations(full.id) == [evaluation]
    review = ReviewRecord(full.id, "novelty", "accept", 7.5, "new", {"votes": [1, 2]})
    archive.add_review(review)
    assert archive.reviews(full.id) == [review]
    call = make.call(campaign, 1, prompt_tokens=5, cost_usd=0.1, latency_s=2.5, seed=2**62)
    assert archive.add_model_call(call)
    assert archive.model_calls(campaign) == [call]
    prompt = PromptRecord("h", "propose.jinja", "{{ interface }}")
    assert archive.add_prompt(prompt)
    assert not archive.add_prompt(prompt)
    assert archive.prompt("h") == prompt
    assert archive.prompt("other") is None
    event = EventRecord(campaign, make.candidate(campaign, 9).created_at, "stage", {"to": "search"})
    archive.add_event(event)
    (stored,) = archive.events(campaign)
    assert stored.id is not None
    assert (stored.kind, stored.payload, stored.at) == (event.kind, event.payload, event.at)


@SAME_ARCHIVE
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_floats_survive_bit_for_bit(
    archive: Archive, make: type[Maker], values: list[float]
) -> None:
    key = MeasurementKey("t", "p", "full", repr(values), 1, "cpu")
    metrics = {f"metric {i}": value for i, value in enumerate(values)}
    archive.put_cached(key, Measurement(metrics, {"raw": values}, values[0]))
    stored = archive.cached(key)
    assert stored is not None
    for name, value in metrics.items():
        assert bits(stored.metrics[name]) == bits(value + 0.0)
    assert [bits(value) for value in stored.detail["raw"]] == [bits(value) for value in values]
    assert bits(stored.seconds) == bits(values[0] + 0.0)


@SAME_ARCHIVE
@given(payload=st.dictionaries(st.text().filter(lambda key: key != "$float"), JSON, max_size=4))
def test_free_data_survives_with_nan_and_infinities(
    archive: Archive, campaign: str, make: type[Maker], payload: dict[str, Any]
) -> None:
    archive.add_event(EventRecord(campaign, make.campaign().created_at, "any", payload))
    assert same(archive.events(campaign)[-1].payload, payload)


@SAME_ARCHIVE
@given(text=st.text(st.characters(codec="utf-8")))
def test_text_survives(archive: Archive, text: str) -> None:
    archive.add_prompt(PromptRecord(repr(text), "name", text))
    stored = archive.prompt(repr(text))
    assert stored is not None
    assert stored.text == text.replace("\x00", "\\x00")


def test_text_that_has_no_utf8_form_is_escaped(archive: Archive) -> None:
    archive.add_prompt(PromptRecord("h", "name", "half \ud83d of a pair"))
    kept = archive.prompt("h")
    assert kept is not None
    assert kept.text == "half \\ud83d of a pair"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_scores_must_be_finite(archive: Archive, add: Adder, make: type[Maker], bad: float) -> None:
    candidate = add(0)
    with pytest.raises(ValueError, match="finite"):
        archive.update_candidate(candidate.id, score=bad)
    with pytest.raises(ValueError, match="metric 'reward' must be finite"):
        make.evaluation(candidate.id, metrics={"reward": bad})
    with pytest.raises(ValueError, match="cost_usd must be finite"):
        make.call("c", 0, cost_usd=bad)
    assert archive.candidate(candidate.id) == candidate


def test_times_keep_their_moment(archive: Archive, make: type[Maker]) -> None:
    moment = datetime(2026, 3, 1, 5, 30, 0, 123456, timezone(timedelta(hours=9)))
    archive.create_campaign(make.campaign("a-1", created_at=moment))
    stored = archive.campaign("a-1").created_at
    assert stored == moment
    assert stored.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        make.campaign(created_at=datetime(2026, 3, 1))


def test_what_was_measured_or_paid_once_is_kept_once(
    archive: Archive, campaign: str, add: Adder, make: type[Maker]
) -> None:
    candidate = add(0)
    assert archive.add_evaluation(make.evaluation(candidate.id, primary=0.25))
    assert not archive.add_evaluation(make.evaluation(candidate.id, primary=0.75))
    assert [e.primary for e in archive.evaluations(candidate.id)] == [0.25]
    key = MeasurementKey("t", "p", "full", "task", 1, "cpu")
    assert archive.cached(key) is None
    first = Measurement({"m": 1.0}, {}, 2.0, None, "docker", {"network": True, "files": False})
    assert archive.put_cached(key, first)
    assert not archive.put_cached(key, Measurement({"m": 3.0}, {}, 2.0))
    assert archive.cached(key) == first
    assert archive.cached(MeasurementKey("t", "p", "full", "task", 1, "cuda")) is None
    assert archive.add_model_call(make.call(campaign, 0, cost_usd=0.5))
    assert not archive.add_model_call(make.call(campaign, 0, cost_usd=0.5))
    assert archive.cost(campaign) == 0.5


def test_a_call_identifier_cannot_be_used_for_another_call(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    archive.add_model_call(make.call(campaign, 0, id="same"))
    with pytest.raises(Exception, match="UNIQUE"):
        archive.add_model_call(make.call(campaign, 1, id="same"))


def test_evaluations_are_selected_and_ordered(
    archive: Archive, add: Adder, make: type[Maker]
) -> None:
    candidate = add(0)
    for task, seed, effort in (("b", 1, "full"), ("a", 2, "full"), ("a", 1, "full"), ("a", 1, "x")):
        archive.add_evaluation(make.evaluation(candidate.id, task=task, seed=seed, effort=effort))
    found = archive.evaluations(candidate.id)
    assert [(e.effort, e.task, e.seed) for e in found] == [
        ("full", "a", 1),
        ("full", "a", 2),
        ("full", "b", 1),
        ("x", "a", 1),
    ]
    assert [e.seed for e in archive.evaluations(candidate.id, "full", "a")] == [1, 2]


def test_a_paid_answer_is_found_again(archive: Archive, campaign: str, make: type[Maker]) -> None:
    archive.add_model_call(make.call(campaign, 3, completion=None, error="429"))
    assert archive.answered_call(campaign, 3, 0, "propose") is None
    answer = make.call(campaign, 3, try_number=1, completion="{}")
    archive.add_model_call(answer)
    assert archive.answered_call(campaign, 3, 0, "propose") == answer
    assert archive.answered_call(campaign, 3, 1, "propose") is None
    assert archive.answered_call(campaign, 3, 0, "repair") is None


def test_a_transaction_is_kept_whole_or_not_at_all(
    archive: Archive, campaign: str, add: Adder, make: type[Maker]
) -> None:
    add(0)
    before = archive.canonical_content(campaign)

    def interrupted_step() -> None:
        with archive.transaction() as step:
            step.add_candidate(make.candidate(campaign, 1))
            step.add_model_call(make.call(campaign, 1, cost_usd=1.0))
            step.update_candidate(make.candidate(campaign, 0).id, stage="search")
            assert step.counts(campaign).total == 2
            assert step.cost(campaign) == 1.0
            assert archive.counts(campaign).total == 1
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        interrupted_step()
    assert archive.canonical_content(campaign) == before
    assert archive.cost(campaign) == 0.0


def test_writing_past_a_transaction_is_refused_instead_of_waiting_for_itself(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    with archive.transaction(), pytest.raises(RuntimeError, match="this thread is inside"):
        archive.add_candidate(make.candidate(campaign, 0))
    archive.add_candidate(make.candidate(campaign, 0))


def test_threads_write_one_after_the_other(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    def work(start: int) -> None:
        for index in range(start, start + 20):
            with archive.transaction() as step:
                step.add_candidate(make.candidate(campaign, index))
                step.add_model_call(make.call(campaign, index, cost_usd=0.25))

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.counts(campaign).total == 60
    assert archive.cost(campaign) == 15.0


def test_only_what_may_change_changes(archive: Archive, add: Adder) -> None:
    candidate = add(0)
    for name in ("id", "campaign_id", "index", "created_at", "scoer"):
        with pytest.raises(TypeError, match=name):
            archive.update_candidate(candidate.id, **{name: "x"})
    child = add(1, parents=(candidate.id,))
    assert archive.update_candidate(child.id, parents=()).parents == ()
    assert archive.candidate(child.id).parents == ()
    changed = archive.update_candidate(candidate.id, stage="traced", flags=["odd"], code="new")
    assert (changed.stage, changed.flags, changed.code) == ("traced", ("odd",), "new")
    assert archive.candidate(candidate.id) == changed
    with pytest.raises(LookupError, match="no candidate"):
        archive.update_candidate("nobody", stage="traced")


def test_a_candidate_is_added_once(
    archive: Archive, campaign: str, add: Adder, make: type[Maker]
) -> None:
    add(0)
    with pytest.raises(ValueError, match="added already"):
        add(0)
    with pytest.raises(ValueError, match="added already"):
        archive.add_candidate(make.candidate(campaign, 0, id="another"))
    assert archive.next_index(campaign) == 1


def test_a_campaign_is_found_by_what_a_person_types(archive: Archive, make: type[Maker]) -> None:
    with pytest.raises(UserError, match="no campaign yet"):
        archive.campaign("latest")
    first = archive.create_campaign(make.campaign("2026-11-20-preference_loss-aaaa"))
    second = archive.create_campaign(
        make.campaign(
            "2026-11-21-preference_loss-bbbb", created_at=first.created_at + timedelta(days=1)
        )
    )
    assert archive.campaign() == archive.campaign("latest") == second
    assert archive.campaign("2026-11-20") == first
    assert archive.campaign("aaaa") == first
    assert archive.campaigns() == [second, first]
    with pytest.raises(UserError, match="several campaigns begin with '2026'"):
        archive.campaign("2026")
    with pytest.raises(UserError, match="2026-11-20-preference_loss-aaaa"):
        archive.campaign("2026-11-20-preference_loss-aaab")
    with pytest.raises(ValueError, match="cannot be named"):
        archive.create_campaign(make.campaign("2026-11-22-other-aaaa"))


def test_new_campaign_identifiers_are_readable_and_free(
    archive: Archive, make: type[Maker]
) -> None:
    moment = make.campaign().created_at
    taken = archive.new_campaign_id("preference_loss", moment, 7)
    assert taken.startswith("2026-11-21-preference_loss-")
    archive.create_campaign(make.campaign(taken))
    assert archive.new_campaign_id("preference_loss", moment, 7) != taken


def test_a_campaign_ends_and_goes_on(archive: Archive, campaign: str, make: type[Maker]) -> None:
    end = datetime(2026, 11, 22, 6, tzinfo=UTC)
    archive.set_campaign_status(campaign, "stopped", finished_at=end, stop_reason="Ctrl-C")
    stopped = archive.campaign(campaign)
    assert (stopped.status, stopped.finished_at, stopped.stop_reason) == ("stopped", end, "Ctrl-C")
    archive.set_campaign_status(campaign, "running")
    archive.set_campaign_environment(campaign, {"jax": "0.10"})
    assert archive.campaign(campaign) == make.campaign(campaign, environment={"jax": "0.10"})
    with pytest.raises(LookupError, match="no campaign"):
        archive.set_campaign_status("nobody", "done")


def test_a_candidate_is_found_by_what_a_person_types(
    archive: Archive, campaign: str, add: Adder
) -> None:
    hinge, first, second = add(0, name="hinge"), add(1, name="twin"), add(12, name="twin")
    assert archive.candidate("3f2a-00012") == second
    assert archive.candidate("3f2a-12") == second
    assert archive.candidate("3f2a-00001") == first
    assert archive.candidate("hinge") == hinge
    with pytest.raises(UserError, match="3f2a-00001, 3f2a-00012"):
        archive.candidate("twin")
    with pytest.raises(UserError, match="several candidates match '3f2a'"):
        archive.candidate("3f2a")
    with pytest.raises(UserError, match="near ones: hinge"):
        archive.candidate("hinje")


def test_candidates_are_selected(archive: Archive, campaign: str, add: Adder) -> None:
    add(0, kind="baseline", stage="search", terminal=True, name="dpo", program_digest="p0")
    add(1, stage="failed", terminal=True, fingerprint="f")
    add(2, stage="traced", fingerprint="f", program_digest="p2")

    def index_of(found: CandidateRecord | None) -> int | None:
        return None if found is None else found.index

    def indices(**selection: Any) -> list[int]:
        return [c.index for c in archive.candidates(campaign, **selection)]

    assert indices() == [0, 1, 2]
    assert indices(kinds=["proposal"]) == [1, 2]
    assert indices(kinds=[]) == []
    assert indices(stages=["search", "traced"]) == [0, 2]
    assert indices(terminal=False) == [2]
    assert indices(limit=2, latest_first=True) == [2, 1]
    assert index_of(archive.find_candidate(campaign, fingerprint="f")) == 1
    assert index_of(archive.find_candidate(campaign, program_digest="p2")) == 2
    assert index_of(archive.find_candidate(campaign, name="dpo")) == 0
    assert archive.find_candidate(campaign, name="none") is None
    assert index_of(archive.candidate_at(campaign, 2)) == 2
    assert archive.candidate_at(campaign, 3) is None
    with pytest.raises(TypeError, match="to look for"):
        archive.find_candidate(campaign)


def test_events_are_followed(archive: Archive, campaign: str, make: type[Maker]) -> None:
    for kind in ("a", "b", "a"):
        archive.add_event(EventRecord(campaign, make.campaign().created_at, kind))
    first, *_ = archive.events(campaign, limit=1)
    assert first.id is not None
    assert [event.kind for event in archive.events(campaign, after=first.id)] == ["b", "a"]
    assert len(archive.events(campaign, kinds=["a"])) == 2


def test_the_default_place_is_the_discoveries_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: type[Maker]
) -> None:
    monkeypatch.delenv("DISCOVER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert discoveries_home() == tmp_path / "discoveries"
    with pytest.raises(UserError, match="no archive at"):
        Archive(must_exist=True)
    monkeypatch.setenv("DISCOVER_HOME", str(tmp_path / "elsewhere"))
    with Archive() as made:
        made.create_campaign(make.campaign())
        assert made.location == str(tmp_path / "elsewhere" / "archive.db")
    with Archive(tmp_path / "elsewhere", must_exist=True) as reopened:
        assert reopened.campaign() == make.campaign()
