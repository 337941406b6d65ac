"""The summary says what the archive holds, in plain words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.archive import SANDBOX_TROUBLE, Archive, AttemptRecord, EventRecord
from agent.evaluation.statistics import iqm
from agent.report import summary, write_report
from agent.report.failures import count_failures
from templates.errors import UserError
from templates.registry import load_template
from tests.agent.report.campaign_writer import Writer
from tests.agent.report.conftest import Filler, Starter

SPEC = load_template("preference_loss").spec


def test_a_campaign_without_a_winner_says_so(archive: Archive, nothing_found: Writer) -> None:
    found = summary(archive, "latest")
    assert found.headline.startswith("Nothing beat the best baseline (ipo, Reward at fixed KL 0.7")
    assert "tempered_margin, is behind" in found.headline
    assert found.best_baseline is not None
    assert found.best_baseline.name == "ipo"
    assert found.discoveries == ()
    assert found.counts.discoveries == 0


def test_a_discovery_is_named_with_both_margins(archive: Archive, discovered: Writer) -> None:
    found = summary(archive, discovered.record.id)
    assert found.headline.startswith("1 discovery: tempered_margin beats ipo by +0.0")
    assert "on fresh seeds and by +0.0" in found.headline
    assert found.headline.endswith("on held-out tasks.")
    (confirmation,) = found.confirmations
    assert confirmation.holds
    assert confirmation.gain.n == SPEC.tier("confirm").seeds
    assert [record.name for record in found.discoveries] == ["tempered_margin"]


def test_a_confirmation_that_fails_is_not_a_discovery(
    archive: Archive, nothing_found: Writer
) -> None:
    nothing_found.confirm("tempered_margin", 0.712, {"ipo": 0.71, "dpo": 0.70})
    found = summary(archive, "latest")
    assert found.headline.startswith("Nothing beat the best baseline (ipo")
    assert "its gain is not certain where it was confirmed" in found.headline


def test_a_rejected_review_is_the_reason_given(archive: Archive, nothing_found: Writer) -> None:
    nothing_found.confirm("tempered_margin", 0.78, {"ipo": 0.71, "dpo": 0.70}, accepted=False)
    assert "its review did not accept it" in summary(archive, "latest").headline


def test_before_anything_is_scored(archive: Archive, start: Starter) -> None:
    writer = start()
    assert summary(archive, "latest").headline == (
        "No baseline was scored, so nothing can be compared yet."
    )
    writer.baselines()
    found = summary(archive, "latest")
    assert found.headline.endswith("none of the 0 proposals could be scored.")
    assert found.counts.valid_rate is None


def test_rows_are_ranked_with_the_search_first(archive: Archive, nothing_found: Writer) -> None:
    rows = summary(archive, "latest").rows
    assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
    names = [row.candidate.name for row in rows]
    assert names[:3] == ["ipo", "dpo", "tempered_margin"]
    searched = [row.seeds == SPEC.tier("search").seeds for row in rows]
    assert searched == sorted(searched, reverse=True)
    assert rows[-1].candidate.kind == "control"
    by_name = {row.candidate.name: row for row in rows}
    assert by_name["ipo"].is_best_baseline
    assert by_name["ipo"].gain is None
    # The made-up scores share most of their noise, so the paired gain is far narrower.
    gain, score = by_name["dpo"].gain, by_name["dpo"].candidate
    assert gain is not None
    assert score.score_low is not None
    assert score.score_high is not None
    assert gain.value == pytest.approx(-0.015, abs=0.004)
    assert gain.high - gain.low < 0.6 * (score.score_high - score.score_low)
    # What never reached the search tier is compared on the seeds that both have.
    assert by_name["log_cosh"].seeds == SPEC.tier("screen").seeds
    gain = by_name["log_cosh"].gain
    assert gain is not None
    assert gain.n == SPEC.tier("screen").seeds


def test_a_limit_says_how_much_it_left_out(archive: Archive, nothing_found: Writer) -> None:
    everything = summary(archive, "latest")
    found = summary(archive, "latest", limit=2)
    assert len(found.rows) == 2
    assert found.rows_left_out == len(everything.rows) - 2


def test_counts(archive: Archive, nothing_found: Writer) -> None:
    counts = summary(archive, "latest").counts
    assert counts.proposals == counts.finished == 10
    assert counts.by_outcome == {
        "duplicate": 1,
        "failed": 1,
        "invalid": 2,
        "known": 1,
        "scored": 3,
        "screened_out": 2,
    }
    assert (counts.valid, counts.known, counts.duplicates) == (8, 1, 1)
    assert counts.valid_rate == pytest.approx(0.8)
    assert counts.evaluated == 6
    assert counts.valid_at_first == 7


def test_every_failure_is_counted_with_an_example(archive: Archive, nothing_found: Writer) -> None:
    failures = {(f.stage, f.kind): f for f in summary(archive, "latest").failures}
    syntax = failures["first try", "syntax"]
    assert (syntax.count, syntax.overcome) == (1, 1)
    assert syntax.example == "line 1: expected ':'"
    assert syntax.example_of == nothing_found.ids["tempered_margin"]
    for attempt in ("first try", "repair 1", "repair 2"):
        for kind in ("known", "duplicate", "shape", "forbidden_import"):
            assert (failures[attempt, kind].count, failures[attempt, kind].overcome) == (1, 0)
    assert failures["evaluation (screen)", "timeout"].example.startswith("no result within 60 s")
    diverged = failures["training (full, proposal)", "training diverged at N of N values of beta"]
    assert diverged.count == SPEC.tier("screen").seeds
    assert (
        failures["model call", "provider"].count,
        failures["model call", "provider"].overcome,
    ) == (1, 1)
    assert sum(f.count for f in failures.values()) == 15 + diverged.count


def test_an_attempt_that_repeats_a_failure_is_counted_with_it(
    archive: Archive, start: Starter
) -> None:
    writer = start()
    for name in ("one", "two"):
        identifier = writer.candidate(name, outcome="invalid", error_kind="shape")
        archive.add_attempt(AttemptRecord(identifier, 0, "", "shape", f"of {name}"))
    (failure,) = summary(archive, "latest").failures
    assert (failure.count, failure.example) == (2, "of one")


def test_what_was_not_asked_as_meant_is_said(
    archive: Archive, nothing_found: Writer, tmp_path: Path
) -> None:
    nothing_found.call("tempered_margin", try_number=7, notes=("the provider takes no seed",))
    (use,) = summary(archive, "latest").models
    assert use.notes == ("the provider takes no seed",)
    page = write_report(archive, nothing_found.record.id, tmp_path).read_text(encoding="utf-8")
    assert "local was not asked quite as meant: the provider takes no seed." in page


def test_models_are_charged_with_their_calls(archive: Archive, nothing_found: Writer) -> None:
    (use,) = summary(archive, "latest").models
    assert use.model == "local"
    assert (use.calls, use.failed_calls, use.proposals, use.valid) == (20, 1, 10, 8)
    assert use.prompt_tokens == 20 * 1210
    assert use.best_score == max(
        record.score
        for record in archive.candidates(nothing_found.record.id, kinds=("proposal",))
        if record.score is not None
    )


def test_minimizing_turns_gains_round(archive: Archive, fill: Filler, tmp_path: Path) -> None:
    source = (load_template("preference_loss").path / "template.toml").read_text()
    changed = re.sub(r'direction = "maximize"(\s+primary)', r'direction = "minimize"\1', source)
    assert changed != source
    (tmp_path / "less").mkdir()
    (tmp_path / "less" / "template.toml").write_text(changed)
    fill(archive, tmp_path / "less")
    found = summary(archive, "latest")
    assert found.best_baseline is not None
    assert found.best_baseline.name == "dpo"
    by_name = {row.candidate.name: row for row in found.rows}
    assert by_name["tempered_margin"].rank < by_name["dpo"].rank
    gain = by_name["tempered_margin"].gain
    assert gain is not None
    assert gain.value > 0
    assert found.models[0].best_score == min(
        row.candidate.score
        for row in found.rows
        if row.candidate.kind == "proposal" and row.candidate.score is not None
    )


def test_an_unknown_campaign_is_the_users_mistake(archive: Archive, nothing_found: Writer) -> None:
    with pytest.raises(UserError, match="no campaign"):
        summary(archive, "2019-01-01-nothing")


def test_interquartile_means_where_a_template_asks_for_them(
    archive: Archive, fill: Filler, tmp_path: Path
) -> None:
    source = (load_template("preference_loss").path / "template.toml").read_text()
    (tmp_path / "robust").mkdir()
    changed = source.replace("primary = true", "primary = true\nrobust = true")
    (tmp_path / "robust" / "template.toml").write_text(changed)
    fill(archive, tmp_path / "robust")
    found = summary(archive, "latest")
    row = next(row for row in found.rows if row.candidate.name == "dpo")
    scores = [evaluation.primary for evaluation in archive.evaluations(row.candidate.id, "full")]
    assert row.robust is not None
    assert row.robust.low < row.robust.value < row.robust.high
    assert row.robust.n == row.seeds
    assert row.robust.value == pytest.approx(iqm(scores[: row.seeds]))
    page = write_report(archive, found.campaign.id, tmp_path).read_text(encoding="utf-8")
    assert page.count('data-label="IQM"') == len(found.rows)


def test_no_interquartile_means_elsewhere(
    archive: Archive, nothing_found: Writer, tmp_path: Path
) -> None:
    found = summary(archive, "latest")
    assert all(row.robust is None for row in found.rows)
    page = write_report(archive, found.campaign.id, tmp_path).read_text(encoding="utf-8")
    assert "IQM" not in page


def test_a_replaced_process_is_counted_with_the_failures(
    archive: Archive, nothing_found: Writer
) -> None:
    campaign = nothing_found.record.id
    for worker, kind in ((0, SANDBOX_TROUBLE), (1, SANDBOX_TROUBLE), (2, "process.message")):
        text = f"worker {worker} did not finish within 60 s (attempt 1); replaced"
        archive.add_event(EventRecord(campaign, datetime.now(UTC), kind, {"text": text}))
    (failure,) = [f for f in count_failures(archive, campaign) if f.stage == "sandbox"]
    assert failure.kind == "worker N did not finish within N s (attempt N); replaced"
    assert (failure.count, failure.overcome) == (2, 2)
    assert failure.example.startswith("worker 0 ")
