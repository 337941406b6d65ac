"""``discover report``."""

from __future__ import annotations

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json

__all__ = ["report"]


def report(
    campaign: CampaignArgument = "latest", json: JsonOption = False, home: HomeOption = None
) -> None:
    """Write a campaign's report, one HTML page; print its path."""
    from agent.report import write_report

    place = home_of(home)
    with open_archive(place) as archive:
        record = archive.campaign(campaign)
        path = write_report(archive, record.id, place)
    if json:
        emit_json({"campaign": record.id, "report": path})
    else:
        console().print(str(path), soft_wrap=True)
