"""Where campaigns live: the home folder, its archive, and how a campaign is named."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from templates.errors import UserError

if TYPE_CHECKING:
    from agent.archive import Archive
    from agent.archive.records import CampaignRecord, CandidateRecord

__all__ = [
    "CampaignArgument",
    "HomeOption",
    "JsonOption",
    "archive_path",
    "find_campaign",
    "find_candidate",
    "home_of",
    "near",
    "open_archive",
]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="DISCOVER_HOME",
        help="Folder that holds the archive and the reports.",
        show_default="./discoveries",
        rich_help_panel="Where",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object on standard output and nothing else."),
]
CampaignArgument = Annotated[
    str,
    typer.Argument(
        metavar="[CAMPAIGN]", help="Its id, the beginning of it, or 'latest'.", show_default=True
    ),
]


def home_of(given: Path | None) -> Path:
    """The home folder: what was given, else ``DISCOVER_HOME``, else ``./discoveries``."""
    if given is None:
        given = Path(os.environ.get("DISCOVER_HOME") or "discoveries")
    return given.expanduser().absolute()


def archive_path(home: Path) -> Path:
    """The archive's database within a home."""
    return home / "archive.db"


@contextmanager
def open_archive(home: Path, *, create: bool = False) -> Iterator[Archive]:
    """Open the archive of a home and close it afterwards.

    Args:
        home: The home folder.
        create: Make the folder and the archive where there is none yet.

    Raises:
        UserError: There is none and ``create`` is false, or the folder cannot be made.
    """
    from agent.archive import Archive

    path = archive_path(home)
    if create:
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {home}: {error.strerror}") from error
    elif not path.is_file():
        raise UserError(
            f"no campaigns in {home} yet: start one with 'discover run preference_loss', or name "
            "another folder with --home"
        )
    archive = Archive.open(path)
    try:
        yield archive
    finally:
        archive.close()


def near(name: str, known: Iterable[str]) -> str:
    """What to add to a message on an unknown name: the near ones, else all of them."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not names:
        return "there are none"
    shown = names[:8]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"known: {', '.join(shown)}{more}"
