"""Several runs of one idea: made once, gone on with, shown once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.archive import Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.cli.app import app
from agent.ideas import ideas_of, is_in_code
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[2] / "data" / "hidden_classes"
# One answer that is an idea, a comparison with the literature and a proposal at once.
ANSWER = {
    "name": "narrower",
    "hypothesis": "Near points say more.",
    "experiment": "Make the kernel narrower.",
    "expected_effect": "Fewer wrong classes.",
    **dict.fromkeys(("interestingness", "feasibility", "novelty"), 5),
    "why": "nothing like it",
    "same_as": "none",
    "next_query": "",
    "thought": "a narrower kernel",
    "edits": [{"file": "kernel.py", "search": "WIDTH = 0.8", "replace": "WIDTH = 0.3"}],
}
OWN = (
    "@misc{own2020, author = {One, A.}, title = {Narrower Kernels for Near Points}, "
    "year = {2020}, doi = {10.1/x}}"
)


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def test_a_further_run_goes_on_with_the_idea_of_the_first(tmp_path: Path, run: RunCampaign) -> None:
    recording = tmp_path / "answers.jsonl"
    recording.write_text(json.dumps({"text": json.dumps(ANSWER), "cost_usd": 0.001}) + "\n")
    template = tmp_path / "hidden_classes"
    shutil.copytree(TEMPLATE, template)
    (template / "references.bib").write_text(OWN)
    settings = CampaignSettings(
        template=str(template),
        models=(f"recorded:{recording}",),
        candidates=3,
        workers=2,
        overrides={"in_flight": "1", "confirm": "0", "idea_every": "1"},
    )
    with Archive(tmp_path / "archive.db") as archive:
        campaign = run(Campaign.create(archive, settings, tmp_path), Silent()).id
        first, second, third = archive.candidates(campaign, kinds=["proposal"])
        kept = ideas_of(archive, campaign)
        calls = archive.model_calls(campaign)
        # What fails in vain is asked for afresh, with the idea all the same.
        assert all(is_in_code(archive, one) for one in kept)
        assert kept[0].idea is not None
        another = replace(kept[0].idea, hypothesis="Far points say more.")
        assert not is_in_code(archive, replace(kept[0], idea=another))
    # The second run finds nothing to replace, so the third slot begins another idea.
    assert first.outcome == "scored"
    assert second.score is None
    assert [one.fate for one in kept] == ["proposed", "continued", "proposed"]
    assert [one.candidate for one in kept] == [first.id, second.id, third.id]
    assert kept[1].idea == kept[0].idea
    # What the template brings along is searched as well.
    assert kept[0].novelty is not None
    assert "Narrower Kernels for Near Points" in kept[0].novelty.rounds[0].shown
    assert {call.slot for call in calls if call.role == "idea"} == {first.index, third.index}
    asked = {call.slot: str(call.messages) for call in calls if call.attempt == 0}
    assert "carry out this idea. narrower: Near points" in asked[first.index]
    assert "if it fits: go on with this idea. narrower: Near points" in asked[second.index]
    told = CliRunner().invoke(app, ["ideas", "--home", str(tmp_path), "--json"])
    shown = json.loads(told.output)["ideas"]
    assert [one["candidate"] for one in shown] == [first.id, third.id]
    assert [run["candidate"] for run in shown[0]["later_runs"]] == [second.id]
    assert all(one["in_code"] for one in shown)
    afresh = [str(one.messages) for one in calls if one.role == "propose" and one.attempt]
    assert afresh
    assert all("more simply than what failed. narrower: Near" in one for one in afresh)
    said = CliRunner().invoke(app, ["ideas", "--home", str(tmp_path)]).output
    assert f"run 2, {second.id}" in said
