"""The tables that commands print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from agent.cli.output import age, shorten
from agent.wording import duration, interval, money, signed_interval

if TYPE_CHECKING:
    from agent.archive import CandidateRecord
    from agent.report.summary import Summary

# Columns from which on tables show everything, and intervals stay on one line.
_ROOMY = 90
_WIDE = 130

__all__ = ["campaigns_table", "facts_table", "plain_table", "ranking_table", "short_id"]


def plain_table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table in the house's look; the columns named in ``right`` are numbers."""
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
        show_edge=False,
    )
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


def ranking_table(found: Summary, width: int) -> Table:
    """The leaders with their gains over the best baseline.

    Args:
        found: What the campaign found.
        width: Columns of the terminal; a narrow one goes without seeds and stages.
    """
    baseline = found.best_baseline
    against = "gain over " + ("the best baseline" if baseline is None else baseline.name)
    roomy = width >= _ROOMY
    more = ("seeds", "stage") if roomy else ()
    table = plain_table("", "id", "name", found.metric.title, against, *more, "known as")
    for column in (table.columns[0], table.columns[1], table.columns[-1]):
        column.no_wrap = True

    def fitted(text: str) -> str:
        return text if width >= _WIDE else text.replace(" [", "\n[")

    for row in found.rows:
        candidate = row.candidate
        fresh = f" + {row.fresh_seeds} fresh" if row.fresh_seeds else ""
        table.add_row(
            str(row.rank),
            short_id(candidate.id),
            shorten(candidate.name, 40),
            fitted(interval(candidate.score, candidate.score_low, candidate.score_high)),
            "the best baseline" if row.is_best_baseline else fitted(signed_interval(row.gain)),
            *((f"{row.seeds}{fresh}", candidate.stage) if roomy else ()),
            _known(candidate),
            style=_row_style(candidate.is_discovery, row.is_best_baseline),
        )
    if found.rows_left_out:
        table.add_row("", "", Text(f"and {found.rows_left_out} more", style="dim"))
    return table


def short_id(candidate: str) -> str:
    """``3f2a-7`` for ``3f2a-00007``; commands take either."""
    tag, _, index = candidate.rpartition("-")
    return f"{tag}-{int(index)}"


def _row_style(is_discovery: bool, is_best_baseline: bool) -> str:
    if is_discovery:
        return "bold green"
    return "yellow" if is_best_baseline else ""


def _known(candidate: CandidateRecord) -> str:
    if candidate.kind != "proposal":
        return candidate.kind
    if candidate.is_discovery:
        return "discovery"
    return candidate.known_as or "new"


def campaigns_table(campaigns: Iterable[Mapping[str, Any]], width: int) -> Table:
    """All campaigns.

    Args:
        campaigns: As `agent.cli.commands.campaigns.campaign_object` describes them.
        width: Columns of the terminal; a narrow one goes without the hour, since the day is part
            of a campaign's name.
    """
    roomy = width >= _ROOMY
    numbers = ("done", "found", "cost")
    table = plain_table(
        "campaign", "state", *numbers, "time", *(["begun"] if roomy else []), right=numbers
    )
    for column in table.columns:
        column.no_wrap = True
    for described in campaigns:
        table.add_row(
            described["campaign"],
            described["state"],
            str(described["proposals"].terminal),
            str(described["discoveries"]),
            money(described["usage"].cost_usd),
            duration(described["seconds"]),
            *([age(described["created_at"])] if roomy else []),
        )
    return table
