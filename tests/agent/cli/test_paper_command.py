"""``discover paper`` as a person uses it: the PDF, what it says, Ctrl-C, ``kill -9``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.archive import Archive
from agent.papers.sections import SECTIONS
from tests.agent.papers.paper_material import recording, write_campaign

pytestmark = pytest.mark.gate

MAIN = "import sys; from agent.cli import main; sys.exit(main())"


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    return write_campaign(tmp_path, 0.69, confirm=False)


def discover(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, "paper", *arguments, "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def own_calls(home: Path) -> list[tuple[str, int]]:
    with Archive(home / "archive.db") as archive:
        candidate = archive.candidate("tempered_margin")
        calls = archive.model_calls(candidate.campaign_id, candidate.index)
    return [(call.role, call.attempt) for call in calls if call.role.startswith("paper1.")]


def wait_for_calls(home: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while len(own_calls(home)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_paper_survives_ctrl_c_and_kill(campaign: Path) -> None:
    """Interrupted twice, in two ways, the same command goes on and pays for nothing twice."""
    model = recording(campaign / "answers.jsonl", delay_s=0.4)
    arguments = ("tempered_margin", "--model", f"recorded:{model}")
    first = discover(campaign, *arguments)
    wait_for_calls(campaign, 2, first)
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=120)
    assert first.returncode == 130, err
    assert "go on with: discover paper tempered_margin" in err
    assert out == ""
    second = discover(campaign, *arguments)
    wait_for_calls(campaign, len(own_calls(campaign)) + 3, second)
    second.kill()
    second.communicate()
    third = discover(campaign, "tempered_margin", "--json")
    out, err = third.communicate(timeout=600)
    assert third.returncode == 0, err
    result = json.loads(out)
    calls = own_calls(campaign)
    assert len(calls) == len(set(calls)) == result["calls"] == 2 * len(SECTIONS) + 1
    assert result["status"] == "done"
    assert Path(result["pdf"]).read_bytes().startswith(b"%PDF")
    assert "section 1 of 8" not in err


def test_a_candidate_without_a_run_is_one_line(campaign: Path) -> None:
    process = discover(campaign, "shapeless")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert out == ""
    assert "no successful run to write about: loss returned" in err
    assert len(err.strip().splitlines()) == 1


def test_a_spent_budget_says_how_to_go_on(campaign: Path, tmp_path: Path) -> None:
    model = recording(campaign / "answers.jsonl", cost_usd=0.01)
    process = discover(
        campaign, "tempered_margin", "--model", f"recorded:{model}", "--budget", "0.035"
    )
    _, err = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "a larger --budget" in err
    assert len(own_calls(campaign)) == 3
