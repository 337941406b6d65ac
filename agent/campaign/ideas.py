"""What a campaign's ideas are made with, and the literature that they are compared with."""

from __future__ import annotations

from pathlib import Path

from agent.calling import Caller
from agent.campaign.context import Context
from agent.ideas import IdeaMaker
from agent.literature import open_catalogues

__all__ = ["open_ideas"]


def open_ideas(context: Context, caller: Caller, home: Path) -> IdeaMaker:
    """What makes ideas as the campaign's settings ask.

    Args:
        context: The campaign.
        caller: Calls the models.
        home: Where output lies; answers of catalogues are cached below it.

    Raises:
        UserError: The template's own publications cannot be read.
    """
    knobs = context.knobs
    own = context.template.bibliography
    catalogues = open_catalogues(
        knobs.literature,
        home,
        context.wait,
        notify=context.tell,
        files=() if own is None else (own,),
    )
    return IdeaMaker(
        context.archive,
        context.id,
        context.seed,
        context.spec,
        caller,
        catalogues,
        knobs.idea_plan(),
    )
