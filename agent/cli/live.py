"""The live view of a running campaign, for a terminal."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.campaign.progress import Leader, Progress
from agent.cli.interrupt import SAVING, Interruption
from agent.cli.lines import LineView
from agent.cli.output import shorten
from agent.wording import duration, interval, money, outcome

__all__ = ["LiveView", "render"]

_REFRESH_HZ = 2
# Lines that are there whatever happens: header, bar, counts, limits and the titles of the parts.
_FIXED_LINES = 10


class LiveView:
    """An observer that redraws a few lines in place; enter it around the campaign.

    While sandboxes and models are prepared, plain lines are printed, since downloads draw a
    progress bar of their own. The drawing is done by a thread of its own from the last snapshot,
    so that the clocks go on while the campaign is busy and `notify` costs nothing.

    Args:
        console: Where to draw.
        lines: Prints what is told during the preparation.
        interruption: Whether the person asked to stop.
    """

    def __init__(self, console: Console, lines: LineView, interruption: Interruption) -> None:
        self._console = console
        self._lines = lines
        self._interruption = interruption
        self._progress: Progress | None = None
        self._at = 0.0
        self._live = Live(
            console=console,
            refresh_per_second=_REFRESH_HZ,
            transient=True,
            get_renderable=self._draw,
        )

    def __enter__(self) -> LiveView:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live.is_started:
            self._live.stop()
        self._interruption.is_shown_elsewhere = False

    def notify(self, progress: Progress) -> None:
        """Take the latest snapshot."""
        self._progress, self._at = progress, time.monotonic()
        if progress.phase == "preparing":
            self._lines.notify(progress)
        elif not self._live.is_started:
            self._live.start()
            self._interruption.is_shown_elsewhere = True

    def _draw(self) -> RenderableType:
        if self._progress is None:
            return Text("")
        return render(
            self._progress,
            since_s=time.monotonic() - self._at,
            height=self._console.height,
            width=self._console.width,
            stopping=self._interruption.received,
        )


def render(
    progress: Progress, *, since_s: float, height: int, width: int, stopping: bool
) -> RenderableType:
    """The whole view.

    Args:
        progress: The snapshot.
        since_s: How old it is; clocks run on by as much.
        height: Lines of the terminal; lists are cut to fit.
        width: Columns of the terminal.
        stopping: Whether an interrupt was received.
    """
    room = max(3, height - _FIXED_LINES - 1)
    flying = min(len(progress.in_flight), max(1, room // 3))
    leaders = min(len(progress.best), max(1, room // 3))
    events = min(len(progress.messages), max(1, room - flying - leaders - 1))
    parts: list[RenderableType] = [_header(progress, since_s, stopping), _bar(progress, width)]
    parts.append(_counts(progress))
    parts.append(_limits(progress, since_s))
    if progress.in_flight:
        parts += [_title("In flight"), _flying(progress, flying, since_s)]
    if progress.best or progress.baseline is not None:
        parts += [_title("Best so far"), _best(progress, leaders)]
    if progress.messages:
        parts.append(_title("Events"))
        parts += [
            Text(f"  {shorten(message, width - 3)}", style="dim", no_wrap=True)
            for message in progress.messages[-events:]
        ]
    return Group(*parts)


def _header(progress: Progress, since_s: float, stopping: bool) -> Text:
    header = Text(progress.campaign_id, style="bold")
    header.append(f"  {progress.phase}", style="cyan")
    header.append(f"  {duration(progress.elapsed_s + since_s)}", style="")
    if stopping:
        header.append(f"  {SAVING}", style="bold yellow")
    return header


def _bar(progress: Progress, width: int) -> RenderableType:
    done = progress.proposals_done
    if progress.proposals_target is None:
        return Text(f"{done} proposals done")
    line = Table.grid(padding=(0, 1))
    line.add_row(
        ProgressBar(
            total=max(1, progress.proposals_target), completed=done, width=min(40, width // 2)
        ),
        Text(f"{done} of {progress.proposals_target} proposals done"),
    )
    return line


def _counts(progress: Progress) -> Text:
    stages = Counter(item.stage for item in progress.in_flight)
    parts = [f"{count} {outcome(name)}" for name, count in sorted(progress.counts.items()) if count]
    text = Text("outcomes: " + (", ".join(parts) or "none yet"))
    if stages:
        text.append("   at work: " + ", ".join(f"{n} in {name}" for name, n in stages.items()))
    return text


def _limits(progress: Progress, since_s: float) -> Text:
    parts = []
    if progress.eta_s:
        parts.append(f"about {duration(progress.eta_s - since_s)} to go")
    if progress.time_limit_s is not None:
        left = max(0.0, progress.time_limit_s - progress.elapsed_s - since_s)
        parts.append(f"{duration(left)} left of {duration(progress.time_limit_s)}")
    spent = f"{money(progress.cost_usd)} spent"
    if progress.budget_usd is not None:
        left_usd = max(0.0, progress.budget_usd - progress.cost_usd)
        spent += f", {money(left_usd)} left of {money(progress.budget_usd)}"
    return Text("   ".join([*parts, spent]))


def _title(text: str) -> Text:
    return Text(text, style="bold underline")


def _flying(progress: Progress, rows: int, since_s: float) -> Table:
    table = _grid("right", "left", "left", "left", "right")
    for item in progress.in_flight[:rows]:
        table.add_row(
            f"  {item.index}",
            shorten(item.name, 32),
            Text(item.stage, style="cyan"),
            shorten(item.detail, 40),
            duration(item.seconds + since_s),
        )
    return _with_rest(table, len(progress.in_flight) - rows)


def _best(progress: Progress, rows: int) -> Table:
    table = _grid("right", "left", "left", "left", "left")
    for rank, leader in enumerate(progress.best[:rows], start=1):
        beats = progress.baseline is not None and leader.kind == "proposal"
        table.add_row(f"  {rank}", *_leader(leader), style="bold" if beats and rank == 1 else "")
    if progress.baseline is not None:
        table.add_row("  vs", *_leader(progress.baseline), style="yellow")
    return _with_rest(table, len(progress.best) - rows)


def _leader(leader: Leader) -> tuple[str, str, str, str]:
    kind = leader.kind if leader.known_as is None else f"{leader.kind}, equals {leader.known_as}"
    return (
        shorten(leader.name, 32),
        interval(leader.score, leader.low, leader.high),
        leader.stage,
        kind,
    )


def _grid(*justify: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for side in justify:
        table.add_column(justify="right" if side == "right" else "left", no_wrap=True)
    return table


def _with_rest(table: Table, left_out: int) -> Table:
    if left_out > 0:
        table.add_row("", Text(f"and {left_out} more", style="dim"))
    return table
