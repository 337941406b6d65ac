"""``list``, ``status`` and ``stop`` on a real archive."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from agent.archive import Archive
from agent.llm.recorded import RecordedModel
from tests.agent.cli.conftest import Discover, Home


@pytest.fixture
def interrupted(home: Home) -> Home:
    """The campaign as ``kill -9`` leaves it: running, though no process runs it."""
    with Archive(home.path / "archive.db") as archive:
        archive.set_campaign_status(home.campaign, "running")
    return home


def test_list(discover: Discover, home: Home) -> None:
    found = discover("list", "--home", home.path)
    assert found.code == 0
    line = next(line for line in found.out.splitlines() if home.campaign in line)
    assert "toy_task" in line
    assert "done" in line
    assert "$0.05" in line
    assert "12 min 05 s" in line


def test_list_as_json(discover: Discover, home: Home) -> None:
    (described,) = discover("list", "--json", "--home", home.path).json["campaigns"]
    assert described["campaign"] == home.campaign
    assert described["discoveries"] == 1
    assert described["proposals"]["by_outcome"] == {
        "discovery": 1,
        "invalid": 1,
        "known": 1,
        "screened_out": 1,
    }
    assert described["usage"]["cost_usd"] == pytest.approx(0.05)
    assert described["seconds"] == 725


def test_status(discover: Discover, home: Home) -> None:
    found = discover("status", "--home", home.path)
    assert found.code == 0
    assert home.campaign in found.out
    assert "done: all proposals are settled" in found.out
    assert "4 done of 4 begun" in found.out
    assert "1 invalid" in found.out
    assert "5 proposals, 1.5 hours, 2 dollars" in found.out
    assert "$0.05 for 5 calls, 5000 tokens" in found.out
    assert "discover resume" not in found.out


def test_status_of_an_interrupted_campaign_says_how_to_go_on(
    discover: Discover, interrupted: Home
) -> None:
    found = discover("status", "--home", interrupted.path)
    assert "interrupted" in found.out
    assert f"discover resume {interrupted.campaign}" in found.out
    described = discover("status", "--json", "--home", interrupted.path).json
    assert (described["status"], described["state"]) == ("running", "interrupted")
    assert described["process"] is None


def test_status_of_a_running_campaign_names_its_process(
    discover: Discover, interrupted: Home
) -> None:
    with (
        Archive(interrupted.path / "archive.db") as archive,
        archive.lease(interrupted.campaign),
    ):
        described = discover("status", "--json", "--home", interrupted.path).json
        assert described["state"] == "running"
        assert described["process"]["pid"] == os.getpid()
        assert f"process {os.getpid()}" in discover("status", "--home", interrupted.path).out


@pytest.mark.parametrize("reference", ["tag", "beginning", "latest"])
def test_a_campaign_is_found_by(discover: Discover, home: Home, reference: str) -> None:
    text = {"tag": home.campaign[-4:], "beginning": "2026-03", "latest": "latest"}[reference]
    found = discover("status", text, "--json", "--home", home.path)
    assert found.json["campaign"] == home.campaign


def test_unknown_campaign_names_near_ones(discover: Discover, home: Home) -> None:
    found = discover("status", "2026-03-01-toy_tasc-0000", "--home", home.path)
    assert found.code == 2
    assert home.campaign in found.err
    assert found.err.count("\n") == 1


def test_stop_refuses_what_is_not_running(discover: Discover, interrupted: Home) -> None:
    found = discover("stop", "--home", interrupted.path)
    assert found.code == 2
    assert "nothing to stop" in found.err


def test_stop_leaves_a_request_that_a_running_campaign_sees(
    discover: Discover, interrupted: Home
) -> None:
    with (
        Archive(interrupted.path / "archive.db") as archive,
        archive.lease(interrupted.campaign),
    ):
        found = discover("stop", "--home", interrupted.path)
    assert found.code == 0
    assert f"discover resume {interrupted.campaign}" in found.out
    assert list((interrupted.path / interrupted.campaign).iterdir())


def test_answers_are_a_recording_that_a_model_can_be_made_of(
    discover: Discover, home: Home, tmp_path: Path
) -> None:
    path = tmp_path / "answers.jsonl"
    found = discover("answers", "--out", path, "--home", home.path)
    assert found.code == 0
    assert f"--model recorded:{path}" in found.out
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    with Archive(home.path / "archive.db") as archive:
        calls = archive.model_calls(home.campaign)
    assert [line["text"] for line in lines] == [call.completion for call in calls]
    with contextlib.closing(RecordedModel(path)) as model:
        assert model.context_tokens is None
    assert list(path.parent.glob(".*")) == []


def test_answers_that_cannot_be_written_say_why(
    discover: Discover, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    found = discover("answers", "--out", tmp_path / "file" / "a.jsonl", "--home", home.path)
    assert found.code != 0
    assert "cannot be written" in found.err
