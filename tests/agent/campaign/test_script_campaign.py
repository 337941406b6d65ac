"""A whole campaign of scripts: they are known by their code and scored by what they return."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.report import write_report
from tests.data.completions import write_script_recording
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[2] / "data" / "spread_points"


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def test_scripts_are_proposed_refused_scored_confirmed_and_reported(
    tmp_path: Path, run: RunCampaign
) -> None:
    recording = write_script_recording(tmp_path / "completions.jsonl")
    settings = CampaignSettings(
        template=str(TEMPLATE), models=(f"recorded:{recording}",), candidates=16, workers=2
    )
    with Archive(tmp_path / "archive.db") as archive:
        record = run(Campaign.create(archive, settings, tmp_path), Silent())
        assert record.status == "done"
        candidates = archive.candidates(record.id)
        kinds = {a.error_kind for c in candidates for a in archive.attempts(c.id)} - {None}
        assert kinds <= {
            *("duplicate", "known", "missing_function", "outside"),
            *("run_time_error", "run_timeout", "syntax"),
        }
        # Every recorded script was seen, whichever request it answered.
        assert len(kinds) >= 5, kinds
        for candidate in candidates:
            if candidate.outcome == "known":
                assert candidate.known_as == "control_one_place"
                assert "up to comments and layout" in (candidate.error_message or "")
        (best,) = (candidate for candidate in candidates if candidate.is_discovery)
        assert (best.name, best.score) == ("even", 1)
        page = write_report(archive, record.id, tmp_path).read_text()
        assert "np.linspace" in page
