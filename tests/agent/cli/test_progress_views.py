"""The live view and the plain lines, fed with snapshots of a campaign."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console

from agent.campaign.progress import InFlight, Leader, Progress
from agent.cli.interrupt import SAVING, Interruption
from agent.cli.lines import LineView, fresh
from agent.cli.live import LiveView, render

SNAPSHOT = Progress(
    campaign_id="2026-03-01-toy_task-e500",
    phase="searching",
    elapsed_s=725.0,
    eta_s=260.0,
    time_limit_s=5400.0,
    proposals_done=5,
    proposals_target=12,
    counts={"scored": 2, "invalid": 2, "known": 1},
    in_flight=(
        InFlight(18, "proposal_6", "propose", "local", 14.2),
        InFlight(19, "soft_[bold]mix", "search", "3/8", 7.0),
    ),
    best=(
        Leader("tempered_logit", 0.9123, 0.9023, 0.9223, "search", "proposal", None),
        Leader("dpo", 0.9071, 0.8971, 0.9171, "search", "baseline", None),
    ),
    baseline=Leader("dpo", 0.9071, 0.8971, 0.9171, "search", "baseline", None),
    cost_usd=0.5,
    budget_usd=2.0,
    messages=("baselines are scored", "proposal_4 equals slic"),
)


def drawn(progress: Progress, *, height: int = 40, width: int = 100, stopping: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, height=height, markup=False, force_terminal=False
    )
    console.print(render(progress, since_s=5.0, height=height, width=width, stopping=stopping))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01-toy_task-e500  searching  12 min 10 s",
        "5 of 12 proposals done",
        "2 invalid, 1 known, 2 scored",
        "1 in propose, 1 in search",
        "about 4 min 15 s to go",
        "1 h 17 min left of 1 h 30 min",
        "$0.50 spent, $1.50 left of $2.00",
        "soft_[bold]mix",
        "12 s",
        "0.9123 [0.9023, 0.9223]",
        "vs  dpo",
        "proposal_4 equals slic",
    ],
)
def test_the_view_shows(text: str) -> None:
    assert text in drawn(SNAPSHOT)


def test_the_view_says_that_it_is_saving() -> None:
    assert SAVING not in drawn(SNAPSHOT)
    assert SAVING in drawn(SNAPSHOT, stopping=True)


@pytest.mark.parametrize("height", [10, 16, 24, 50])
def test_the_view_fits_the_terminal(height: int) -> None:
    crowded = replace(
        SNAPSHOT,
        in_flight=tuple(InFlight(i, f"proposal_{i}", "trace", "", 1.0) for i in range(40)),
        best=SNAPSHOT.best * 20,
        messages=tuple(f"message {i}" for i in range(40)),
    )
    lines = drawn(crowded, height=height).rstrip("\n").splitlines()
    assert len(lines) <= max(height, 17)
    assert "message 39" in lines[-1]
    assert any("more" in line for line in lines)


def test_the_view_does_without_limits_and_scores() -> None:
    bare = Progress("c", "preparing", 1.0, None, None, 0, None)
    text = drawn(bare)
    assert "0 proposals done" in text
    assert "none yet" in text
    assert "$0.00 spent" in text


def test_a_name_cannot_steer_the_terminal() -> None:
    nasty = replace(
        SNAPSHOT, in_flight=(InFlight(1, "a\x1b[2Jb", "trace", "", 0.0),), messages=("c\x1b[1Ad",)
    )
    assert "\x1b" not in drawn(nasty)


def test_the_live_view_draws_only_after_the_preparation() -> None:
    stream = io.StringIO()
    plain = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=30, markup=False)
    interruption = Interruption(lambda reason: None, exit_code=130)
    with LiveView(console, LineView(plain), interruption) as view:
        view.notify(replace(SNAPSHOT, phase="preparing", messages=("starting sandboxes",)))
        assert "starting sandboxes" in plain.getvalue()
        assert stream.getvalue() == ""
        assert not interruption.is_shown_elsewhere
        view.notify(SNAPSHOT)
        assert interruption.is_shown_elsewhere
        deadline = time.monotonic() + 10
        while "tempered_logit" not in stream.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "tempered_logit" in stream.getvalue()
    assert not interruption.is_shown_elsewhere


def test_lines_say_each_event_once() -> None:
    stream = io.StringIO()
    view = LineView(stream)
    view.notify(replace(SNAPSHOT, messages=("one", "two")))
    view.notify(replace(SNAPSHOT, messages=("one", "two")))
    view.notify(replace(SNAPSHOT, messages=("two", "three"), proposals_done=6))
    said = [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()]
    assert [line for line in said if line in ("one", "two", "three")] == ["one", "two", "three"]
    assert [line for line in said if "6 of 12 proposals done" in line]
    assert "best tempered_logit 0.9123, best baseline dpo 0.9071, $0.50 spent" in said[-1]


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ((), ("a",), ("a",)),
        (("a", "b"), ("a", "b"), ()),
        (("a", "b"), ("b", "c"), ("c",)),
        (("a", "a"), ("a", "a", "a"), ("a",)),
        (("a", "b"), ("x", "y"), ("x", "y")),
    ],
)
def test_fresh(before: tuple[str, ...], now: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert tuple(fresh(before, now)) == new
