"""A curriculum in which a model makes tasks: tried, refused or practised, replayed, resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.archive import CHOSEN, GENERATION, Archive, EvaluationRecord
from agent.campaign import Campaign, CampaignSettings, Progress
from agent.report import write_report
from tests.harness.engines import RunCampaign

pytestmark = pytest.mark.full("campaigns")

TEMPLATE = Path(__file__).parents[2] / "data" / "small_omni"
BESIDE = {"then": [{"all": [{"has": "wood"}, {"near": "tree", "within": 3}]}]}
FUEL = {"then": [{"all": [{"has": "coal"}, {"has": "wood", "at_least": 2}]}]}

NEVER = {"then": [{"all": [{"has": "iron pickaxe"}, {"did": "collect coal", "exactly": 0}]}]}


def answer(*goals: Any) -> str:
    tasks = [{"thought": f"It is task {json.dumps(goal)}.", "goal": goal} for goal in goals]
    return json.dumps({"tasks": tasks})


# A campaign's seed decides which line answers which question. With this one both agents are first
# given tasks that are all refused; later one agent is refused twice, the other at most once.
ANSWERS = (
    answer(BESIDE, {"has": "gold"}),
    answer(NEVER, {"did": "collect wood", "at_least": 3}),
    answer(FUEL, {"has": "coal", "at_least": 2}),
    answer(BESIDE, FUEL, {"has": "wood", "at_most": 9}),
)


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def settings(recording: Path, candidates: int) -> CampaignSettings:
    return CampaignSettings(
        template=str(TEMPLATE),
        models=(f"recorded:{recording}",),
        candidates=candidates,
        workers=1,
        sandbox="process",
        overrides={"choice": "predicates"},
    )


def content(archive: Archive, campaign: str) -> list[dict[str, Any]]:
    """Candidates with results, choices and digests of checkpoints, but for the model's name."""
    found = archive.canonical_content(campaign)["candidates"]
    for entry in found:
        del entry["model"]
    return list(found)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inventing")


def test_tasks_are_tried_practised_reported_and_replayed(home: Path, run: RunCampaign) -> None:
    recording = home / "answers.jsonl"
    recording.write_text("".join(json.dumps({"text": text}) + "\n" for text in ANSWERS))
    with Archive(home / "archive.db") as archive:
        record = run(Campaign.create(archive, settings(recording, 3), home), Silent())
        assert (record.status, record.stop_reason) == ("done", "all proposals are settled")
        results = [
            one
            for generation in archive.candidates(record.id, kinds=["proposal"])
            for one in archive.evaluations(generation.id, GENERATION)
        ]
        assert len(results) == 6
        seeds = {one.seed for one in results}
        for seed in seeds:
            check_agent([one for one in results if one.seed == seed])
        # A whole training has a score that is compared with those of baselines, on one bank.
        names = {one.name for one in archive.leaderboard(record.id, 10)[:3]}
        assert names == {"generation_2", "uniform", "learning_progress"}
        calls = archive.model_calls(record.id)
        check_questions(results, [call.completion or "" for call in calls])
        asked_again = [call.messages[0]["content"] for call in calls if call.attempt == 1]
        assert asked_again
        assert all("Proposals that were refused:" in text for text in asked_again)
        check_report(write_report(archive, record.id, home).read_text(), results)
        events = archive.events(record.id, kinds=[CHOSEN])
        assert sum(len(one.payload.get("verdicts", ())) for one in events) >= 6
        expected = content(archive, record.id)
    kept = home / "kept.jsonl"
    kept.write_text(
        "".join(
            json.dumps({"prompt_hash": call.prompt_hash, "text": call.completion}) + "\n"
            for call in calls
        )
    )
    second = home / "second"
    with Archive(second / "archive.db") as archive:
        record = run(Campaign.create(archive, settings(kept, 2), second), Silent())
        record = run(Campaign.resume(archive, record.id, second, candidates=3), Silent())
        assert content(archive, record.id) == expected


def check_agent(results: list[EvaluationRecord]) -> None:
    """What was accepted is practised from then on, and only that was added to what there is."""
    tasks: list[str] = []
    assert results[0].detail["choice"] == {"kind": "progress"}
    own = results[0].detail["tasks"]["names"]
    for one in results[1:]:
        choice, asked = one.detail["choice"], one.detail["asked"]
        accepted = [verdict["name"] for verdict in asked["verdicts"] if verdict["accepted"]]
        assert choice["new"] == accepted
        tasks += accepted
        assert [task["name"] for task in choice["tasks"]] == tasks
        assert [task["name"] for task in one.detail["proposed"]] == tasks
        assert len(one.detail["now"]) == len(results[0].detail["now"]) == 128
        table = one.detail["tasks"]
        assert set(table["names"]) - set(own) == set(tasks)
        chances = dict(zip(table["names"], table["chances"], strict=True))
        # Half of practice is on what is new, by equal parts, whatever else draws it.
        assert sum(chances[name] for name in accepted) >= (0.5 - 1e-3 if accepted else 0.0)
        for verdict in asked["verdicts"]:
            assert bool(verdict["witnesses"]) == verdict["accepted"]


def check_questions(results: list[EvaluationRecord], completions: list[str]) -> None:
    """A question follows where all were refused, and shows why; each answer is in the archive."""
    asked = [one.detail["asked"] for one in results]
    assert sum(one["questions"] for one in asked) == len(completions)
    assert set(completions) <= set(ANSWERS)
    for one in asked:
        verdicts = one.get("verdicts", ())
        if one["questions"] == 2:
            assert not any(verdict["accepted"] for verdict in verdicts[:2])
            assert one["refused"]
        elif one["questions"] == 1:
            assert any(verdict["accepted"] for verdict in verdicts)
    assert {one["questions"] for one in asked} == {0, 1, 2}
    statuses = {verdict["status"] for one in asked for verdict in one.get("verdicts", ())}
    assert statuses == {
        "solvable",
        "not shown to be solvable",
        "known already",
        "malformed",
        "done without doing anything",
    }


def check_report(page: str, results: list[EvaluationRecord]) -> None:
    for text in ("Proposed tasks", "What was chosen when", "Coverage and novelty"):
        assert text in page
    for one in results:
        for verdict in one.detail["asked"].get("verdicts", ()):
            assert verdict["name"] in page
            assert verdict["status"] in page
    assert "a witness takes" in page
    assert "<image" not in page
