import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from agent.archive import Archive

WRITER = Path(__file__).with_name("archive_writer.py")


def start(archive: Archive, campaign: str, steps: int) -> subprocess.Popen:
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, str(WRITER), archive.location, campaign, str(steps)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert process.stdout.readline() == "ready\n"
    return process


def check_whole_steps(archive: Archive, campaign: str) -> int:
    """Every step that left a trace left all of it; returns how many there are."""
    with archive.transaction() as state:
        candidates = state.candidates(campaign)
        steps = len(candidates)
        assert [candidate.index for candidate in candidates] == list(range(steps))
        assert all(candidate.stage == "search" for candidate in candidates)
        assert [event.payload["n"] for event in state.events(campaign)] == list(range(steps))
        assert [call.slot for call in state.model_calls(campaign)] == list(range(steps))
        assert all(len(state.evaluations(candidate.id)) == 2 for candidate in candidates)
        counts, usage = state.counts(campaign), state.usage(campaign)
        assert counts.by_stage == ({"search": steps} if steps else {})
        assert (usage.calls, usage.cost_usd) == (steps, steps * 0.25)
    return steps


def test_readers_see_whole_steps_while_a_writer_writes(archive, campaign):
    writer = start(archive, campaign, 300)
    seen = []
    while writer.poll() is None:
        state = archive.counts(campaign)
        assert set(state.by_stage) <= {"search"}
        best = archive.leaderboard(campaign, limit=1)
        if state.total:
            assert best[0].score >= (state.total - 1) / 4
        seen.append(state.total)
    assert writer.stdout.read() == "done\n"
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 10, "the reader never overlapped with the writer"
    assert check_whole_steps(archive, campaign) == 300


def test_kill_nine_leaves_whole_steps_and_a_sound_file(archive, campaign):
    generator = random.Random(7)
    steps = 0
    for _ in range(8):
        writer = start(archive, campaign, 100_000)
        time.sleep(generator.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        writer.communicate(timeout=10)
        with closing(sqlite3.connect(archive.location)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        after = check_whole_steps(archive, campaign)
        assert after >= steps
        steps = after
    assert steps > 8, "the writer was always killed before its first step"
