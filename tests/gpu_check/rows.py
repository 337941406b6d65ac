"""One row of the table, the table, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

__all__ = ["Row", "Status", "as_json", "exit_status", "print_table", "row"]

Status = Literal["pass", "fail", "not run"]

_STYLES: dict[Status, str] = {"pass": "green", "fail": "bold red", "not run": "yellow"}


@dataclass(frozen=True)
class Row:
    """What one check found.

    Args:
        what: Name of what was checked.
        found: The numbers, or why there are none.
        seconds: How long it took; 0 for what was not run.
        status: ``pass``, ``fail`` or ``not run``.
    """

    what: str
    found: str
    seconds: float
    status: Status


def row(what: str, found: str, seconds: float, *, good: bool) -> Row:
    """A row of something that ran."""
    return Row(what, found, round(seconds, 1), "pass" if good else "fail")


def exit_status(rows: Sequence[Row]) -> int:
    """0 where all passed, 1 where one failed, 4 where none failed and one was not run."""
    found = {one.status for one in rows}
    if "fail" in found:
        return 1
    return 4 if "not run" in found else 0


def print_table(rows: Sequence[Row], title: str) -> None:
    """Print one line a row on standard output; long cells are folded, never cut."""
    table = Table(title=title, title_justify="left")
    table.add_column("check", overflow="fold")
    table.add_column("result", overflow="fold")
    table.add_column("seconds", justify="right")
    table.add_column("", no_wrap=True)
    for one in rows:
        status = f"[{_STYLES[one.status]}]{one.status}[/]"
        table.add_row(one.what, one.found.replace("[", r"\["), f"{one.seconds:.1f}", status)
    # A file or a pipe has no width of its own.
    console = Console()
    Console(width=console.width if console.is_terminal else 140).print(table)


def as_json(rows: Sequence[Row], **about: Any) -> dict[str, Any]:
    """An object with the rows, their counts and what else is said about the run."""
    counts = {kind: sum(one.status == kind for one in rows) for kind in _STYLES}
    return {**about, "counts": counts, "rows": [asdict(one) for one in rows]}
