"""The tables that commands print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from agent.cli.output import age, duration, interval, money, shorten, signed

if TYPE_CHECKING:
    from agent.archive import CandidateRecord
    from agent.report.summary import Summary

__all__ = ["campaigns_table", "facts_table", "plain_table", "ranking_table"]


def plain_table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table in the house's look; the columns named in ``right`` are numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def facts_table(facts: Iterable[tuple[str, str | Text]]) -> Table:
    """Two columns, what and how it is; empty values are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, value)
    return table


def ranking_table(found: Summary) -> Table:
    """The leaders with their gains over the best baseline."""
    baseline = found.best_baseline
    against = "gain over " + ("the best baseline" if baseline is None else baseline.name)
    numbers = ("", "seeds")
    table = plain_table(
        "", "id", "name", found.metric.title, against, "seeds", "stage", "known as", right=numbers
    )
    for row in found.rows:
        candidate, gain = row.candidate, row.gain
        gained = "-" if gain is None else signed(gain.value, gain.low, gain.high)
        fresh = f"+{row.fresh_seeds} fresh" if row.fresh_seeds else ""
        table.add_row(
            str(row.rank),
            candidate.id,
            shorten(candidate.name, 40),
            interval(candidate.score, candidate.score_low, candidate.score_high),
            "the best baseline" if row.is_best_baseline else gained,
            f"{row.seeds}{fresh}",
            candidate.stage,
            _known(candidate),
            style="bold green"
            if candidate.is_discovery
            else "yellow"
            if row.is_best_baseline
            else "",
        )
    if found.rows_left_out:
        table.add_row("", "", Text(f"and {found.rows_left_out} more", style="dim"))
    return table


def _known(candidate: CandidateRecord) -> str:
    if candidate.kind != "proposal":
        return candidate.kind
    if candidate.is_discovery:
        return "new: a discovery"
    return candidate.known_as or "new"


def campaigns_table(campaigns: Iterable[Mapping[str, Any]]) -> Table:
    """All campaigns, as `agent.cli.commands.campaigns.campaign_object` describes them."""
    numbers = ("proposals", "discoveries", "cost")
    table = plain_table("campaign", "template", "state", *numbers, "began", "time", right=numbers)
    for described in campaigns:
        table.add_row(
            described["campaign"],
            described["template"],
            described["state"],
            str(described["proposals"].terminal),
            str(described["discoveries"]),
            money(described["usage"].cost_usd),
            age(described["created_at"]),
            duration(described["seconds"]),
        )
    return table
