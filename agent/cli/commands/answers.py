"""``discover answers``: what language models said in a campaign, as a recording that replays it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json

__all__ = ["answers"]


def answers(
    campaign: CampaignArgument = "latest",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to write it; answers.jsonl in the campaign's folder.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write what language models answered, one JSON object a line, to replay a campaign."""
    from agent.llm.recorded import write_answers

    place = home_of(home)
    with open_archive(place) as archive:
        record = archive.campaign(campaign)
        calls = archive.model_calls(record.id)
    path = place / record.id / "answers.jsonl" if out is None else out.expanduser().absolute()
    count = write_answers(calls, path)
    if json:
        emit_json({"campaign": record.id, "answers": count, "path": path})
        return
    shown = console()
    shown.print(str(path), soft_wrap=True)
    shown.print(
        f"{count} answers. The same campaign with --model recorded:{path} asks nobody.",
        soft_wrap=True,
    )
