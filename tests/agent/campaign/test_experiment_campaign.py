"""A whole campaign of edits: refused with a reason, repaired, run after run, scored, reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from agent.archive import Archive, CandidateRecord
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.evaluation.seeds import jobs_of, seed_block
from agent.report import write_report
from templates.errors import UserError
from templates.hiding import lab_seed
from templates.registry import load_template
from tests.data.completions import write_edit_recording
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[2] / "data" / "hidden_classes"


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def _settings(recording: Path, *, candidates: int = 1, **overrides: str) -> CampaignSettings:
    """A campaign that answers from `recording` and confirms nothing."""
    return CampaignSettings(
        template=str(TEMPLATE),
        models=(f"recorded:{recording}",),
        candidates=candidates,
        workers=2,
        overrides={"in_flight": "1", "confirm": "0", **overrides},
    )


def test_edits_are_proposed_refused_repaired_and_gone_on_from(
    tmp_path: Path, run: RunCampaign
) -> None:
    recording = write_edit_recording(tmp_path / "completions.jsonl")
    settings = _settings(recording, candidates=8, in_flight="2")
    with Archive(tmp_path / "archive.db") as archive:
        record = run(Campaign.create(archive, settings, tmp_path), Silent())
        assert record.status == "done"
        everyone = archive.candidates(record.id)
        attempts = {c.id: archive.attempts(c.id) for c in everyone}
        kinds = {a.error_kind for tried in attempts.values() for a in tried} - {None}
        assert kinds <= {
            *("duplicate", "fixed_file", "known", "no_change", "run_time_error"),
            *("search_ambiguous", "search_missing"),
        }
        assert {"no_change", "search_missing", "fixed_file", "run_time_error"} & kinds
        assert max(map(len, attempts.values())) <= 5
        names = {c.name: c for c in everyone}
        _has_students_interval(archive, record.seed, names["untouched"])
        control, untouched = names["control_uniform"].score, names["untouched"].score
        assert control is not None
        assert untouched is not None
        assert control > untouched
        scored = {c.id: c for c in everyone if c.kind == "proposal" and c.score is not None}
        later = [c for c in scored.values() if set(c.parents) & set(scored) and _goes_on(c, scored)]
        assert later, "no run went on from another"
        page = write_report(archive, record.id, tmp_path).read_text()
        assert "SEARCH" in page


def test_edits_that_change_nothing_that_runs_are_refused(tmp_path: Path, run: RunCampaign) -> None:
    edit = {"file": "kernel.py", "search": "import numpy as np", "replace": "import math\n"}
    edit["replace"] += edit["search"]
    answer = {"thought": "more mathematics", "name": "with_math", "edits": [edit]}
    recording = tmp_path / "completions.jsonl"
    recording.write_text(json.dumps({"text": json.dumps(answer)}) + "\n")
    settings = _settings(recording)
    with Archive(tmp_path / "archive.db") as archive:
        record = run(Campaign.create(archive, settings, tmp_path), Silent())
        (refused,) = archive.candidates(record.id, kinds=["proposal"])
        assert (refused.outcome, refused.error_kind) == ("invalid", "no_effect")
        assert "does exactly what untouched does" in (refused.error_message or "")
        # What the refused attempts measured does not stand for the candidate.
        assert archive.evaluations(refused.id) == []
        assert all(one.error_kind == "no_effect" for one in archive.attempts(refused.id))


def test_who_fails_in_the_search_is_reviewed_as_well(tmp_path: Path, run: RunCampaign) -> None:
    """The screening has the first two seeds of the search."""
    last = lab_seed("hidden_classes", "sectors", seed_block(0, "search", 4)[-1])
    fails = f"""    near = weights(asked, points)
    if seed == {last}:
        raise ValueError("not this one")"""
    edits = [
        {"file": "model.py", "search": "    near = weights(asked, points)", "replace": fails},
        {"file": "kernel.py", "search": "WIDTH = 0.8", "replace": "WIDTH = 0.25"},
    ]
    answer = {"thought": "nearer points", "name": "nearer", "edits": edits}
    recording = tmp_path / "completions.jsonl"
    recording.write_text(json.dumps({"text": json.dumps(answer)}) + "\n")
    with Archive(tmp_path / "archive.db") as archive:
        record = run(Campaign.create(archive, _settings(recording), tmp_path), Silent())
        (failed,) = archive.candidates(record.id, kinds=["proposal"])
        assert (failed.stage, failed.outcome) == ("screen", "failed")
        assert "not this one" in (failed.error_message or "")
        (review,) = archive.reviews(failed.id)
        assert (review.reviewer, review.payload["after"]) == ("rules", "search")


def test_a_replay_of_another_campaign_hides_the_same(tmp_path: Path, run: RunCampaign) -> None:
    recording = write_edit_recording(tmp_path / "completions.jsonl")

    def measured(archive: Archive, hidden_from: str | None = None) -> tuple[str, list[float]]:
        settings = _settings(recording)
        if hidden_from is not None:
            settings = _settings(recording, hidden_from=hidden_from)
        record = run(Campaign.create(archive, settings, tmp_path), Silent())
        assert record.salt is not None
        found = [
            (one.source, one.primary)
            for candidate in archive.candidates(record.id)
            if candidate.kind != "control"  # which is worth the same on any data
            for one in archive.evaluations(candidate.id, "full")
        ]
        assert {source for source, _ in found} == {"reused" if hidden_from else "measured"}
        shown = archive.model_calls(record.id)
        assert record.salt not in repr((shown, archive.events(record.id), record))
        return record.id, [primary for _, primary in found]

    with Archive(tmp_path / "archive.db") as archive:
        first, scores = measured(archive)
        _, others = measured(archive)
        assert not set(scores) & set(others)
        _, again = measured(archive, hidden_from=first)
        assert again == scores


@pytest.mark.parametrize(
    ("template", "hidden_from", "message"),
    [
        ("preference_loss", "latest", "no experiment"),
        (str(TEMPLATE), "2026", "no campaign '2026'"),
    ],
)
def test_hidden_data_come_from_a_campaign_that_has_some(
    tmp_path: Path, template: str, hidden_from: str, message: str
) -> None:
    settings = CampaignSettings(template=template, overrides={"hidden_from": hidden_from})
    with (
        Archive(tmp_path / "archive.db") as archive,
        pytest.raises(UserError, match=message),
    ):
        Campaign.create(archive, settings, tmp_path)


def _has_students_interval(archive: Archive, seed: int, untouched: CandidateRecord) -> None:
    """Mean and sample standard deviation over sqrt(n), times Student's t."""
    spec = load_template(TEMPLATE).spec
    wanted = set(jobs_of(spec, spec.tier("search"), seed))
    values = [
        one.primary
        for one in archive.evaluations(untouched.id, "full")
        if (one.task, one.seed) in wanted
    ]
    assert len(values) == 4
    half = stats.t.ppf(0.975, 3) * np.std(values, ddof=1) / 2
    assert untouched.score == pytest.approx(np.mean(values))
    assert untouched.score_low == pytest.approx(np.mean(values) - half)
    assert untouched.score_high == pytest.approx(np.mean(values) + half)


def _goes_on(candidate: CandidateRecord, scored: dict[str, CandidateRecord]) -> bool:
    return any(candidate.code.startswith(scored[one].code) for one in candidate.parents)
