"""A curriculum: generations from checkpoints, replayed from its record, resumed, reported."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from agent.archive import CHOSEN, GENERATION, Archive
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.campaign.curriculum import checkpoint_name
from agent.llm.recorded import write_answers
from agent.report import write_report
from templates.errors import UserError
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).parents[2] / "data" / "small_omni"
ANSWERS = (
    {"thought": "Wood is easy by now.", "boring": ["collect wood"]},
    {"thought": "The moon is far.", "boring": ["fly to the moon"]},
    {"thought": "All of it is new.", "boring": []},
)


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def settings(recording: Path, candidates: int) -> CampaignSettings:
    return CampaignSettings(
        template=str(TEMPLATE),
        models=(f"recorded:{recording}",),
        candidates=candidates,
        workers=2,
        sandbox="process",
    )


def content(archive: Archive, campaign: str) -> list[dict[str, Any]]:
    """Candidates with results, choices and digests of checkpoints, but for the model's name."""
    found = archive.canonical_content(campaign)["candidates"]
    for entry in found:
        del entry["model"]
    return list(found)


def test_a_record_of_answers_replays_to_the_same_bits_also_when_resumed(
    tmp_path: Path, run: RunCampaign
) -> None:
    recording = tmp_path / "answers.jsonl"
    recording.write_text("".join(json.dumps({"text": json.dumps(a)}) + "\n" for a in ANSWERS))
    with Archive(tmp_path / "first" / "archive.db") as archive:
        record = run(Campaign.create(archive, settings(recording, 3), tmp_path / "first"), Silent())
        assert (record.status, record.stop_reason) == ("done", "all proposals are settled")
        generations = archive.candidates(record.id, kinds=["proposal"])
        assert [one.stage for one in generations] == [GENERATION, "search", GENERATION]
        assert [one.outcome for one in generations] == ["scored"] * 3
        assert [len(one.parents) for one in generations] == [0, 1, 1]
        check_agents(archive, record.id)
        # After a whole training it has a score of the kind that baselines have.
        baselines = archive.candidates(record.id, kinds=["baseline"])
        assert {one.stage for one in baselines} == {"search"}
        board = archive.leaderboard(record.id, 10)
        assert {one.name for one in board[:3]} == {"generation_2", "uniform", "learning_progress"}
        page = write_report(archive, record.id, tmp_path / "first").read_text()
        thoughts = {one.payload["thought"] for one in archive.events(record.id, kinds=[CHOSEN])}
        assert thoughts & {answer["thought"] for answer in ANSWERS}
        for text in (*thoughts, "Coverage and novelty", "What was chosen when"):
            assert text in page
        assert "<image" not in page
        expected = content(archive, record.id)
        calls = archive.model_calls(record.id)
    kept = tmp_path / "kept.jsonl"
    assert write_answers(calls, kept) == len(calls)
    home = tmp_path / "second"
    with Archive(home / "archive.db") as archive:
        record = run(Campaign.create(archive, settings(kept, 2), home), Silent())
        with pytest.raises(UserError, match="higher limits"):
            Campaign.resume(archive, record.id, home)
        record = run(Campaign.resume(archive, record.id, home, candidates=3), Silent())
        assert record.settings["candidates"] == 3
        assert content(archive, record.id) == expected


def check_agents(archive: Archive, campaign: str) -> None:
    """Every choice with its reason is there, and each agent went on from where it was."""
    generations = archive.candidates(campaign, kinds=["proposal"])
    chosen = archive.events(campaign, kinds=[CHOSEN])
    assert len(chosen) == 6
    results = [archive.evaluations(one.id, GENERATION) for one in generations]
    seeds = [one.seed for one in results[0]]
    assert len(seeds) == 2
    assert results[0][0].detail["choice"] == {"kind": "progress"}
    for before, after in itertools.pairwise(results):
        for one, other in zip(before, after, strict=True):
            assert other.detail["generation"] == one.detail["generation"] + 2
            gained = [
                b - a
                for a, b in zip(
                    one.detail["tasks"]["counts"], other.detail["tasks"]["counts"], strict=True
                )
            ]
            assert min(gained) >= 0
            assert sum(gained) > 0
    answers = [
        call.completion
        for call in archive.model_calls(campaign)
        if "moon" in (call.completion or "")
    ]
    failed = [
        text for result in results for one in result for text in one.detail["asked"]["failed"]
    ]
    assert len(failed) == len(answers)
    assert all("'fly to the moon' is none of the listed tasks" in text for text in failed)
    # Of checkpoints before the last two only the digest is kept.
    for seed in seeds:
        first, *rest = (archive.artifact(one.id, checkpoint_name(seed)) for one in generations)
        assert first is not None
        assert first.data is None
        assert len(first.digest) == 64
        assert all(one is not None and one.data for one in rest)
