from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from agent.archive import Archive, AttemptRecord, EventRecord, Measurement, MeasurementKey
from templates.contract import Direction
from tests.agent.archive.conftest import Adder, Maker

STATES = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["proposed", "screen", "failed"]),
        "terminal": st.booleans(),
        "outcome": st.sampled_from([None, "valid", "invalid"]),
        "error_kind": st.sampled_from([None, "shape", "timeout"]),
    }
)
STEPS = st.lists(st.tuples(st.integers(0, 4), STATES), max_size=20)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(steps=STEPS)
def test_counters_agree_with_a_count(
    tmp_path_factory: pytest.TempPathFactory,
    make: type[Maker],
    steps: list[tuple[int, dict[str, Any]]],
) -> None:
    with Archive(tmp_path_factory.mktemp("counts")) as archive:
        campaign = archive.create_campaign(make.campaign()).id
        for index, state in steps:
            known = {c.index: c.id for c in archive.candidates(campaign)}
            if index in known:
                archive.update_candidate(known[index], **state)
            else:
                kind = "baseline" if index == 0 else "proposal"
                archive.add_candidate(make.candidate(campaign, index, kind=kind, **state))
        for kinds in (None, ["proposal"]):
            counted = archive.candidates(campaign, kinds=kinds)
            counts = archive.counts(campaign, kinds=kinds)
            assert counts.total == len(counted)
            assert counts.terminal == sum(c.terminal for c in counted)
            assert counts.by_stage == Counter(c.stage for c in counted)
            assert counts.by_outcome == Counter(c.outcome for c in counted if c.outcome)
            assert counts.by_error_kind == Counter(c.error_kind for c in counted if c.error_kind)


def test_the_totals_of_calls_are_kept(archive: Archive, campaign: str, make: type[Maker]) -> None:
    archive.add_model_call(make.call(campaign, 0, completion=None, error="500"))
    archive.add_model_call(
        make.call(campaign, 0, try_number=1, prompt_tokens=100, completion_tokens=20, cost_usd=0.25)
    )
    archive.add_model_call(
        make.call(campaign, 1, prompt_tokens=11, completion_tokens=2, cost_usd=0.5)
    )
    usage = archive.usage(campaign)
    assert (usage.calls, usage.failed_calls) == (3, 1)
    assert (usage.prompt_tokens, usage.completion_tokens) == (111, 22)
    assert usage.cost_usd == archive.cost(campaign) == 0.75


def test_the_leaderboard_orders_by_score(archive: Archive, campaign: str, add: Adder) -> None:
    for index, score in enumerate([0.5, None, 0.9, 0.1, 0.9]):
        add(index, score=score, stage="search" if index < 4 else "confirm")

    def indices(**selection: Any) -> list[int]:
        return [c.index for c in archive.leaderboard(campaign, **selection)]

    assert indices() == [2, 4, 0, 3]
    assert indices(limit=1) == [2]
    assert indices(direction=Direction.MINIMIZE) == [3, 0, 2, 4]
    assert indices(stages=["confirm"]) == [4]
    assert indices(kinds=["baseline"]) == []


def test_scores_on_fewer_seeds_come_last(archive: Archive, campaign: str, add: Adder) -> None:
    for index, (score, stage) in enumerate(
        [(0.5, "search"), (0.9, "screen"), (0.4, "confirm"), (0.8, "screen")]
    ):
        add(index, score=score, stage=stage)
    assert [c.index for c in archive.leaderboard(campaign)] == [0, 2, 1, 3]
    assert [c.index for c in archive.leaderboard(campaign, 3)] == [0, 2, 1]


def test_lineage_goes_back_to_the_first_ancestors(
    archive: Archive, campaign: str, add: Adder
) -> None:
    ids = [f"3f2a-{index:05d}" for index in range(6)]
    for index, parents in enumerate([(), (), (1, 0), (), (2, 3), (4, 2)]):
        add(index, parents=tuple(ids[parent] for parent in parents))
    assert archive.candidate(ids[2]).parents == (ids[1], ids[0])
    assert [c.index for c in archive.lineage(ids[4])] == [0, 1, 2, 3, 4]
    assert [c.index for c in archive.lineage(ids[5])] == [0, 1, 2, 3, 4, 5]
    assert [c.index for c in archive.lineage(ids[0])] == [0]
    assert [c.index for c in archive.children(ids[2])] == [4, 5]
    assert archive.children(ids[5]) == []
    with pytest.raises(LookupError, match="no candidate"):
        archive.lineage("nobody")


def test_a_long_lineage_is_followed_to_its_end(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    with archive.transaction() as step:
        for index in range(60):
            parents = (make.candidate(campaign, index - 1).id,) if index else ()
            step.add_candidate(make.candidate(campaign, index, parents=parents))
        for index in range(60, 560):
            step.add_candidate(make.candidate(campaign, index))
        everyone = tuple(make.candidate(campaign, index).id for index in range(560))
        step.add_candidate(make.candidate(campaign, 560, parents=everyone))
    assert len(archive.lineage(make.candidate(campaign, 560).id)) == 561


def test_no_step_reads_a_whole_table(
    archive: Archive, campaign: str, add: Adder, make: type[Maker]
) -> None:
    """Every statement of a full step is answered by an index, as SQLite itself says."""
    statements: list[tuple[str, Sequence[Any]]] = []

    @event.listens_for(archive._engine, "before_cursor_execute")
    def _record(
        connection: object,
        cursor: object,
        statement: str,
        parameters: Sequence[Any],
        context: object,
        executemany: bool,
    ) -> None:
        statements.append((statement, parameters))

    key = MeasurementKey("t", "p", "full", "task", 0, "cpu")
    parent, child = add(0), add(1, parents=(make.candidate(campaign, 0).id,))
    archive.next_index(campaign)
    archive.candidate_at(campaign, 1)
    archive.update_candidate(child.id, stage="search", score=0.5)
    archive.candidate(child.id)
    archive.candidate("loss 1")
    archive.candidates(campaign, terminal=False)
    archive.candidates(campaign, kinds=["baseline"])
    archive.candidates(campaign, stages=["search"])
    for found in ("program_digest", "fingerprint", "name"):
        archive.find_candidate(campaign, **{found: "x"})
    archive.add_attempt(AttemptRecord(child.id, 0, "code"))
    archive.attempts(child.id)
    archive.add_evaluation(make.evaluation(child.id))
    archive.evaluations(child.id, "full", "sentiment")
    archive.put_cached(key, Measurement({}, {}, 1.0))
    archive.cached(key)
    archive.add_model_call(make.call(campaign, 1))
    archive.answered_call(campaign, 1, 0, "propose")
    archive.model_calls(campaign, slot=1)
    archive.usage(campaign)
    archive.counts(campaign)
    for direction in Direction:
        archive.leaderboard(campaign, direction=direction)
    archive.lineage(child.id)
    archive.children(parent.id)
    archive.reviews(child.id)
    archive.add_event(EventRecord(campaign, make.campaign().created_at, "any"))
    archive.events(campaign, after=1)
    archive.campaign()
    archive.campaign(campaign[:12])
    plans = []
    with archive._engine.connect() as connection:
        for statement, parameters in list(statements):
            if statement.startswith(("SELECT", "UPDATE", "INSERT")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [(row.detail, statement) for row in rows]
        assert connection.execute(text("SELECT count(*) FROM candidates")).scalar() == 2
    assert len(plans) > 30
    scans = [plan for plan in plans if re.match(r"SCAN (?!CONSTANT ROW)", plan[0])]
    # The campaigns are few, and the latest one is the end of an index.
    assert [plan for plan in scans if "ix_campaigns_created_at" not in plan[0]] == []
