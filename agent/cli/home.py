"""The options that most commands share, and where campaigns live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.archive import Archive

__all__ = ["CampaignArgument", "HomeOption", "JsonOption", "home_of", "open_archive"]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder of the archive and the reports; DISCOVER_HOME, else ./discoveries.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on standard output and nothing else."),
]
CampaignArgument = Annotated[
    str,
    typer.Argument(metavar="[CAMPAIGN]", help="Its id, the beginning or the end of it, or latest."),
]


def home_of(given: Path | None) -> Path:
    """The home folder: what was given, else ``DISCOVER_HOME``, else ``./discoveries``."""
    from agent.archive import discoveries_home

    return (discoveries_home() if given is None else given.expanduser()).absolute()


def open_archive(home: Path, *, must_exist: bool = True) -> Archive:
    """Open the archive of a home.

    Args:
        home: The home folder.
        must_exist: Refuse to make a new one.

    Raises:
        UserError: There is none, or it cannot be used.
        InfrastructureError: The disk is full or failing.
    """
    from agent.archive import Archive

    return Archive(home / "archive.db", must_exist=must_exist)
