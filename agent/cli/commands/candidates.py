"""``discover best`` and ``discover show``."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json

__all__ = ["best", "show"]


def best(
    campaign: CampaignArgument = "latest",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many lines.")] = 10,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Rank proposals and baselines, with gains over the best one."""
    from agent.cli.standings import standings
    from templates.registry import load_template

    with open_archive(home_of(home)) as archive:
        record = archive.campaign(campaign)
        spec = load_template(record.settings["template"]).spec
        table = standings(archive, record, spec, limit)
    if json:
        emit_json(
            {
                "campaign": record.id,
                "metric": spec.primary.model_dump(mode="json"),
                "baseline": table.baseline,
                "candidates": [
                    {"rank": row.rank, "gain": row.gain, "candidate": row.candidate}
                    for row in table.rows
                ],
                "verdict": table.verdict,
            }
        )
        return
    from agent.cli.tables import standings_table

    out = console()
    out.print(f"{record.id}, {spec.title}", style="bold")
    out.print(standings_table(table))
    out.print(f"\n{table.verdict}")
    if table.rows:
        out.print(f"Look at one with: discover show {table.rows[0].candidate.id}", style="dim")


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
    from templates.registry import load_template

    with open_archive(home_of(home)) as archive:
        record = archive.candidate(candidate)
        if json:
            emit_json(candidate_object(archive, record))
            return
        campaign = archive.campaign(record.campaign_id)
        spec = load_template(campaign.settings["template"]).spec
        out = console()
        for part in candidate_page(archive, record, spec):
            out.print(part)
