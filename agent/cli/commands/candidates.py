"""``discover best`` and ``discover show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json, jsonable, plain

if TYPE_CHECKING:
    from agent.report.summary import Summary

__all__ = ["best", "ranking_object", "show"]


def best(
    campaign: CampaignArgument = "latest",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many lines.")] = 10,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Rank proposals and baselines, with gains over the best one."""
    from agent.report.summary import summary

    with open_archive(home_of(home)) as archive:
        found = summary(archive, archive.campaign(campaign).id, limit=limit)
    if json:
        emit_json(ranking_object(found))
        return
    from agent.cli.tables import ranking_table, short_id

    out = console()
    out.print(f"{found.campaign.id}, {found.spec.title}", style="bold")
    out.print(ranking_table(found, out.width))
    out.print(f"\n{plain(found.headline)}")
    if found.rows:
        out.print(
            f"Look at one with: discover show {short_id(found.rows[0].candidate.id)}", style="dim"
        )


def ranking_object(found: Summary) -> dict[str, Any]:
    """The ranking for a machine."""
    return {
        "campaign": found.campaign.id,
        "headline": found.headline,
        "metric": found.metric.model_dump(mode="json"),
        "best_baseline": found.best_baseline,
        "discoveries": [record.id for record in found.discoveries],
        "confirmations": [
            {**jsonable(entry), "candidate": entry.candidate.id} for entry in found.confirmations
        ],
        "candidates": found.rows,
        "left_out": found.rows_left_out,
    }


def show(
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="CANDIDATE",
            help="Its id (3f2a-7 will do), or its name within the latest campaign.",
        ),
    ],
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show a candidate: code, closed form, scores, parents, review."""
    from agent.cli.candidate_view import candidate_object, candidate_page
    from agent.loading import template_of

    with open_archive(home_of(home)) as archive:
        record = archive.candidate(candidate)
        if json:
            emit_json(candidate_object(archive, record))
            return
        campaign = archive.campaign(record.campaign_id)
        spec = template_of(campaign).spec
        out = console()
        for part in candidate_page(archive, record, spec):
            out.print(part)
