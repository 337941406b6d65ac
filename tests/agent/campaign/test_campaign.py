"""Whole campaigns: what is proposed, refused, scored, confirmed and recorded."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from agent.archive import CALL_SENT, Archive, CampaignRecord
from agent.calling import BudgetSpentError, Caller
from agent.campaign import Campaign, CampaignSettings, Progress, request_stop_of
from agent.llm import CompletionRequest, Message, open_model
from agent.loading import template_of
from agent.report import summary, write_report
from agent.report.dependence import dependences
from agent.report.failures import count_failures
from agent.report.scores import ScoreBook
from templates.errors import InfrastructureError, UserError
from tests.data.completions import write_recording
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

ROOT = Path(__file__).parents[2] / "data"


class Quiet:
    def __init__(self) -> None:
        self.seen: list[Progress] = []

    def notify(self, progress: Progress) -> None:
        self.seen.append(progress)


def settings(recording: Path, **changes: object) -> CampaignSettings:
    values: dict[str, object] = {
        "template": str(ROOT / "robust_regression"),
        "models": (f"recorded:{recording}",),
        "candidates": 10,
        "workers": 2,
    }
    return CampaignSettings(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, run: RunCampaign
) -> tuple[Archive, CampaignRecord, Quiet]:
    home = tmp_path_factory.mktemp("home")
    archive = Archive(home / "archive.db")
    quiet = Quiet()
    recording = write_recording(home / "completions.jsonl")
    campaign = Campaign.create(archive, settings(recording), home)
    return archive, run(campaign, quiet), quiet


Finished = tuple[Archive, CampaignRecord, Quiet]


def test_every_proposal_has_a_fate(finished: Finished) -> None:
    archive, record, _ = finished
    assert record.status == "done"
    proposals = archive.candidates(record.id, kinds=["proposal"])
    assert len(proposals) == 10
    assert all(candidate.terminal and candidate.outcome for candidate in proposals)
    outcomes = Counter(candidate.outcome for candidate in proposals)
    assert outcomes == {"scored": 6, "invalid": 2, "duplicate": 2}


def test_known_functions_are_named_before_anything_is_trained(finished: Finished) -> None:
    archive, record, _ = finished
    for candidate in archive.candidates(record.id, kinds=["proposal"]):
        measured = [e for e in archive.evaluations(candidate.id) if e.effort == "full"]
        if candidate.outcome in ("known", "duplicate", "invalid"):
            assert not measured
            assert candidate.error_kind
            assert candidate.error_message
    # One that was asked for something else instead, and a few that a model gave up on.
    attempts = [
        attempt
        for candidate in archive.candidates(record.id, kinds=["proposal"])
        for attempt in archive.attempts(candidate.id)
        if attempt.error_kind == "known"
    ]
    assert len(attempts) == 1
    assert "exactly absolute" in (attempts[0].error_message or "")


def test_scores_have_intervals_and_come_from_common_seeds(finished: Finished) -> None:
    archive, record, _ = finished
    scored = [
        c
        for c in archive.candidates(record.id, kinds=["proposal", "baseline"])
        if c.score is not None
    ]
    assert len(scored) >= 4
    first = {e.seed for e in archive.evaluations(scored[0].id, "full", "outliers")}
    for candidate in scored:
        assert candidate.score is not None
        assert candidate.score_low is not None
        assert candidate.score_high is not None
        assert candidate.score_low <= candidate.score <= candidate.score_high
        seeds = {e.seed for e in archive.evaluations(candidate.id, "full", "outliers")}
        assert len(seeds & first) >= 3


def test_what_a_confirmed_candidate_depends_on_is_measured_and_said(
    tmp_path: Path, run: RunCampaign
) -> None:
    code = """import jax.numpy as jnp


def loss(p, t):
    return jnp.log1p(((p - t) / 0.3) ** 2)
"""
    text = json.dumps({"thought": "bounded influence", "name": "cauchy", "code": code})
    recording = tmp_path / "completions.jsonl"
    recording.write_text(json.dumps({"text": text}) + "\n")
    with Archive(tmp_path / "archive.db") as archive:
        wanted = settings(recording, candidates=1)
        record = run(Campaign.create(archive, wanted, tmp_path), Quiet())
        book = ScoreBook(archive, record, template_of(record).spec)
        baselines = archive.candidates(record.id, kinds=["baseline"])
        assert not any(archive.evaluations(one.id, "full", "outliers_short") for one in baselines)
        (candidate,) = archive.candidates(record.id, kinds=["proposal"])
        assert candidate.outcome in ("confirmed", "discovery")
        (found,) = dependences(book, candidate)
        assert (found.task.name, found.of.name) == ("outliers_short", "outliers")
        told = [one.payload["text"] for one in archive.events(record.id, kinds=["process.message"])]
        (before,) = [line for line in told if line.startswith("cauchy: ") and "fresh seeds" in line]
        assert int(before.split()[1]) > 0
        # After one step the line is not yet where the points are.
        assert found.loss.n == 5
        assert found.words.startswith("matters: ")
        page = write_report(archive, record.id, tmp_path).read_text()
        assert "What it depends on" in page
        assert found.words in page


def test_every_call_is_recorded_with_its_price(finished: Finished) -> None:
    archive, record, _ = finished
    calls = archive.model_calls(record.id)
    assert len(calls) >= 10
    assert archive.cost(record.id) == pytest.approx(sum(call.cost_usd for call in calls))
    answered = [call for call in calls if call.completion is not None]
    assert all(call.prompt_hash and call.messages and call.seed is not None for call in answered)
    assert len({call.seed for call in calls}) == len(calls)


def test_later_prompts_show_scores_and_errors(finished: Finished) -> None:
    archive, record, _ = finished
    first, *others = [c for c in archive.model_calls(record.id) if c.role == "propose"]
    assert "scored" not in json.dumps(first.messages)
    later = json.dumps([call.messages for call in others])
    assert "scored" in later
    assert "Avoid known: up to scale and shift this is exactly absolute" in later
    repairs = [call for call in archive.model_calls(record.id) if call.role == "repair"]
    assert repairs
    assert "Your code failed" in json.dumps(repairs[0].messages)


def test_whoever_watches_sees_it_end(finished: Finished) -> None:
    _, _, quiet = finished
    last = quiet.seen[-1]
    assert (last.phase, last.proposals_done, last.proposals_target) == ("finished", 10, 10)
    assert last.best
    assert last.baseline is not None
    assert last.cost_usd > 0
    # This metric is better when it is smaller.
    assert [leader.score for leader in last.best] == sorted(leader.score for leader in last.best)


@pytest.mark.full("campaigns")
def test_the_same_seed_gives_the_same_campaign(
    finished: Finished, tmp_path: Path, run: RunCampaign
) -> None:
    archive, record, _ = finished
    other = Archive(tmp_path / "archive.db")
    recording = write_recording(tmp_path / "completions.jsonl", delay_s=0.05)
    again = run(Campaign.create(other, settings(recording, workers=1), tmp_path), Quiet())
    assert comparable(other, again) == comparable(archive, record)


def comparable(archive: Archive, record: CampaignRecord) -> list[dict[str, object]]:
    """Candidates without what names the campaign, and all their results."""
    found = []
    for candidate in archive.candidates(record.id):
        entry = dataclasses.asdict(candidate)
        for name in ("id", "campaign_id", "created_at", "parents", "duplicate_of", "model"):
            entry.pop(name)
        entry["results"] = [
            (e.effort, e.task, e.seed, dict(e.metrics)) for e in archive.evaluations(candidate.id)
        ]
        found.append(entry)
    return found


def test_stopping_saves_and_resuming_goes_on(
    recording: Path, tmp_path: Path, run: RunCampaign
) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        campaign = Campaign.create(archive, settings(recording, candidates=6), tmp_path)

        def stop_soon() -> None:
            while archive.counts(campaign.id, kinds=["proposal"]).total < 2:
                time.sleep(0.02)
            request_stop_of(tmp_path, campaign.id)

        threading.Thread(target=stop_soon, daemon=True).start()
        stopped = run(campaign, Quiet())
        assert stopped.status == "stopped"
        assert "discover stop" in (stopped.stop_reason or "")
        done = run(Campaign.resume(archive, campaign.id, tmp_path), Quiet())
        assert done.status == "done"
        assert archive.counts(campaign.id, kinds=["proposal"]).terminal == 6
        with pytest.raises(UserError, match="is done"):
            Campaign.resume(archive, campaign.id, tmp_path)


def test_a_call_that_a_stop_cuts_off_is_recorded_counted_and_asked_again(
    tmp_path: Path, run: RunCampaign
) -> None:
    slow = write_recording(tmp_path / "slow.jsonl", delay_s=3.0)
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(slow, candidates=2, budget_usd=1.0)
        campaign = Campaign.create(archive, asked, tmp_path)

        def stop_soon() -> None:
            while len(archive.events(campaign.id, kinds=[CALL_SENT])) < 2:
                time.sleep(0.02)
            campaign.request_stop()

        threading.Thread(target=stop_soon, daemon=True).start()
        assert run(campaign, Quiet()).status == "stopped"
        assert archive.model_calls(campaign.id) == []
        cut_off = archive.cut_off_calls(campaign.id)
        assert len(cut_off) == 2
        assert all(call.payload["most_usd"] > 0 for call in cut_off)
        # They may have been charged: a budget that their price would break buys nothing more.
        caller = Caller(
            archive,
            campaign.id,
            budget_usd=sum(call.payload["most_usd"] for call in cut_off),
            tries=1,
            wait=lambda seconds: None,
            notify=lambda line: None,
        )
        request = CompletionRequest(messages=(Message("user", "a loss"),))
        with pytest.raises(BudgetSpentError):
            caller.call(open_model(f"recorded:{slow}"), request, slot=0, attempt=0, role="propose")
        assert run(Campaign.resume(archive, campaign.id, tmp_path), Quiet()).status == "done"
        (failure,) = [f for f in count_failures(archive, campaign.id) if f.kind == "cut off"]
        assert (failure.stage, failure.count, failure.overcome) == ("model call", 2, 2)


def test_the_budget_is_not_exceeded(recording: Path, tmp_path: Path, run: RunCampaign) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=30, budget_usd=0.0065)
        record = run(Campaign.create(archive, asked, tmp_path), Quiet())
        assert record.status == "done"
        assert 0.003 < archive.cost(record.id) <= 0.0065
        outcomes = archive.counts(record.id, kinds=["proposal"]).by_outcome
        assert outcomes.get("unfunded", 0) >= 1


def test_a_budget_below_one_call_buys_none(
    recording: Path, tmp_path: Path, run: RunCampaign
) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=4, budget_usd=0.0009)
        record = run(Campaign.create(archive, asked, tmp_path), Quiet())
        assert archive.cost(record.id) == 0.0
        # Some answers of the recording are free.
        outcomes = archive.counts(record.id, kinds=["proposal"]).by_outcome
        assert outcomes.get("unfunded", 0) >= 1


def test_a_budget_needs_a_price(tmp_path: Path, run: RunCampaign) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(tmp_path, budget_usd=1.0)
        asked = dataclasses.replace(asked, models=("mine@http://127.0.0.1:9/v1",))
        with pytest.raises(UserError, match=r"price of mine@.* is not known"):
            run(Campaign.create(archive, asked, tmp_path), Quiet())


def test_a_refusal_is_paid_and_counted_as_one(tmp_path: Path, run: RunCampaign) -> None:
    recording = tmp_path / "refusing.jsonl"
    refusal = {"error": {"kind": "refusal", "message": "I'd rather not"}}
    recording.write_text(json.dumps({**refusal, "cost_usd": 0.002, "prompt_tokens": 40}) + "\n")
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=2, budget_usd=1.0)
        record = run(Campaign.create(archive, asked, tmp_path), Quiet())
        calls = archive.model_calls(record.id)
        assert len(calls) >= 2
        assert archive.cost(record.id) == pytest.approx(0.002 * len(calls))
        assert {call.declined for call in calls} == {("refusal", "I'd rather not")}
        assert all(call.prompt_tokens == 40 and call.latency_s > 0 for call in calls)
        failures = {(one.stage, one.kind): one for one in summary(archive, record.id).failures}
        assert failures["model call", "refusal"].count == len(calls)
        assert ("model call", "provider") not in failures


def test_hours_count_over_all_processes(recording: Path, tmp_path: Path, run: RunCampaign) -> None:
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=None, hours=12.0)
        campaign = Campaign.create(archive, asked, tmp_path)

        class Impatient(Quiet):
            def notify(self, progress: Progress) -> None:
                if progress.phase == "searching":
                    campaign.request_stop()

        assert run(campaign, Impatient()).status == "stopped"
        worked = archive.campaign(campaign.id).worked_s
        assert worked > 0
        # Nearly all of the twelve hours passed somewhere else.
        archive.set_campaign_worked(campaign.id, 12 * 3600 + 1)
        quiet = Quiet()
        record = run(Campaign.resume(archive, campaign.id, tmp_path), quiet)
        assert record.status == "stopped"
        assert record.stop_reason == "the time limit is reached"
        assert quiet.seen[-1].elapsed_s > 12 * 3600


def test_a_dead_provider_stops_the_campaign_with_its_state_saved(
    tmp_path: Path, run: RunCampaign
) -> None:
    recording = tmp_path / "down.jsonl"
    failure = {"kind": "infrastructure", "message": "503 down", "retry_after_s": 0.01}
    recording.write_text(json.dumps({"error": failure}) + "\n")
    with Archive(tmp_path / "archive.db") as archive:
        asked = settings(recording, candidates=2, overrides={"call_tries": "1"})
        campaign = Campaign.create(archive, asked, tmp_path)
        with pytest.raises(InfrastructureError, match="resume it when the provider is back"):
            run(campaign, Quiet())
        assert archive.campaign(campaign.id).status == "stopped"
        assert archive.usage(campaign.id).failed_calls >= 1


def test_a_changed_template_cannot_be_resumed(recording: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "template"
    shutil.copytree(ROOT / "robust_regression", copy)
    with Archive(tmp_path / "archive.db") as archive:
        campaign = Campaign.create(archive, settings(recording, template=str(copy)), tmp_path)
        (copy / "core.py").write_text((copy / "core.py").read_text() + "\n# changed\n")
        with pytest.raises(UserError, match="has changed since"):
            Campaign.resume(archive, campaign.id, tmp_path)


def test_a_template_whose_publications_no_paper_can_set_starts_no_campaign(
    recording: Path, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "template"
    shutil.copytree(ROOT / "robust_regression", copy)
    (copy / "references.bib").write_text(
        "@article{own2020, author = {One, A.}, title = {T}, year = {2020}, doi = {10.1/x}}"
    )
    with Archive(tmp_path / "archive.db") as archive:
        with pytest.raises(UserError, match=r"references\.bib: the entry own2020 has no journal"):
            Campaign.create(archive, settings(recording, template=str(copy)), tmp_path)
        assert archive.campaigns() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hours": float("nan")}, "--hours"),
        ({"hours": float("inf")}, "--hours"),
        ({"budget_usd": float("nan")}, "--budget"),
        ({"budget_usd": -1.0}, "--budget"),
        ({"seed": 2**63}, "--seed"),
    ],
)
def test_limits_are_finite(recording: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        settings(recording, **changes)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [({"repair": "1"}, "repairs"), ({"repairs": "many"}, "repairs=many"), ({"x": "1"}, "no such")],
)
def test_wrong_settings_say_what_to_use(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        CampaignSettings(template="preference_loss", overrides=overrides)
