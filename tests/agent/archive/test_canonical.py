from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.archive import Archive, AttemptRecord, EventRecord, ReviewRecord
from templates.errors import UserError
from tests.agent.archive.conftest import Maker


def fill(
    archive: Archive, make: type[Maker], *, tag: str, delay_s: int, order: int = 1, **changes: Any
) -> str:
    """The same small campaign, made at another time, in another order, by other workers."""
    start = make.campaign().created_at + timedelta(seconds=delay_s)
    campaign = archive.create_campaign(
        make.campaign(f"{start:%Y-%m-%d}-preference_loss-{tag}", created_at=start)
    ).id
    first = archive.add_candidate(
        make.candidate(campaign, 0, kind="baseline", name="dpo", created_at=start)
    )
    second = archive.add_candidate(
        make.candidate(
            campaign,
            1,
            parents=(first.id,),
            duplicate_of=first.id,
            thought=f"better than {first.id} of {campaign}",
            created_at=start,
            score=changes.get("score", 0.5),
        )
    )
    call = make.call(
        campaign, 1, id=f"{tag}-call", latency_s=delay_s, created_at=start, cost_usd=0.125
    )
    archive.add_model_call(call)
    archive.add_attempt(AttemptRecord(second.id, 0, "code", call_id=call.id))
    for seed in (0, 1)[::order]:
        archive.add_evaluation(
            make.evaluation(
                second.id,
                seed=seed,
                seconds=delay_s,
                worker=f"worker {delay_s}",
                source="measured" if order == 1 else "reused",
                detail={"nothing": float("nan")},
                primary=changes.get("primary", 0.25),
            )
        )
    for reviewer in ("novelty", "honesty")[::order]:
        archive.add_review(ReviewRecord(second.id, reviewer, "accept", 7.0))
    for kind in ("stage", "note")[::order]:
        archive.add_event(EventRecord(campaign, start, kind, {"candidate": second.id}))
    archive.add_event(EventRecord(campaign, start, "process.started", {"pid": delay_s}))
    archive.set_campaign_status(
        campaign, "done", finished_at=start, stop_reason=changes.get("reason", "candidates")
    )
    return campaign


def test_time_order_and_workers_do_not_count(
    archive: Archive, make: type[Maker], tmp_path: Path
) -> None:
    first = fill(archive, make, tag="aaaa", delay_s=1)
    with Archive(tmp_path / "other.db") as other:
        second = fill(other, make, tag="bbbb", delay_s=200_000, order=-1)
        # As text: the content holds a NaN, which does not equal itself.
        assert str(other.canonical_content(second)) == str(archive.canonical_content(first))
        assert other.digest_content(second) == archive.digest_content(first)


@pytest.mark.parametrize("change", [{"score": 0.75}, {"primary": 0.5}, {"reason": "budget"}])
def test_what_was_found_counts(archive: Archive, make: type[Maker], change: dict[str, Any]) -> None:
    first = fill(archive, make, tag="aaaa", delay_s=1)
    second = fill(archive, make, tag="bbbb", delay_s=1, **change)
    assert archive.digest_content(first) != archive.digest_content(second)


def test_a_repeated_event_counts(archive: Archive, make: type[Maker]) -> None:
    first = fill(archive, make, tag="aaaa", delay_s=1)
    before = archive.digest_content(first)
    archive.add_event(EventRecord(first, make.campaign().created_at, "process.resumed"))
    assert archive.digest_content(first) == before
    archive.add_event(EventRecord(first, make.campaign().created_at, "note"))
    assert archive.digest_content(first) != before


def test_identifiers_are_replaced_by_indices(archive: Archive, make: type[Maker]) -> None:
    campaign = fill(archive, make, tag="aaaa", delay_s=1)
    content = archive.canonical_content(campaign)
    entry = content["candidates"][1]
    assert entry["parents"] == ["<candidate 0>"]
    assert entry["thought"] == "better than <candidate 0> of <campaign>"
    assert entry["attempts"][0]["call_id"] == "<call 1 0 propose 0>"
    assert "aaaa" not in str(content)
    with pytest.raises(UserError, match="no campaign"):
        archive.canonical_content("nobody")
