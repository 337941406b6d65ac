from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.archive import Archive

pytestmark = pytest.mark.gate

KILLS = 20


class Writers:
    """Starts writers on an archive, one after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.agent.archive.archive_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    def start(self, archive: Archive, campaign: str, steps: int) -> int:
        """Begin to write; returns the writer's process id once it has opened the archive."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{archive.location}\t{campaign}\t{steps}\n")
        self._process.stdin.flush()
        word, process_id = self.read().split()
        assert word == "ready"
        return int(process_id)

    def read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def rest(self) -> list[str]:
        """Everything that is printed until the writer is gone."""
        return list(iter(self.read, "ended"))

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    started = Writers()
    yield started
    started.close()


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


def test_readers_see_whole_steps_while_a_writer_writes(
    archive: Archive, campaign: str, writers: Writers
) -> None:
    writer = writers.start(archive, campaign, 200)
    seen: list[int] = []
    while not seen or seen[-1] < 200:
        state = archive.counts(campaign)
        assert set(state.by_stage) <= {"search"}
        best = archive.leaderboard(campaign, limit=1)
        if state.total:
            assert best[0].score is not None
            assert best[0].score >= (state.total - 1) / 4
        seen.append(state.total)
    assert writers.rest() == ["step"] * 200 + ["done"]
    with pytest.raises(ProcessLookupError):
        os.kill(writer, 0)
    assert seen == sorted(seen)
    assert len(set(seen)) > 10, "the reader never overlapped with the writer"
    assert check_whole_steps(archive, campaign) == 200


def test_kill_nine_leaves_whole_steps_and_a_sound_file(
    archive: Archive, campaign: str, writers: Writers
) -> None:
    generator = random.Random(7)
    steps = 0
    for _ in range(KILLS):
        writer = writers.start(archive, campaign, 100_000)
        known = steps
        for _ in range(generator.randrange(4)):
            assert writers.read() == "step"
            known += 1
        # About as long as a step: the signal lands anywhere within one.
        time.sleep(generator.uniform(0.0, 0.03))
        os.kill(writer, signal.SIGKILL)
        known += len(writers.rest())
        with closing(sqlite3.connect(archive.location)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        steps = check_whole_steps(archive, campaign)
        # What was reported is kept; one more may be, if the writer died between the two.
        assert known <= steps <= known + 1
    assert steps > KILLS / 2
