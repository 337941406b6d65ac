"""Which catalogues a campaign may ask, by the name of a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from agent.literature.cache import AnswerCache
from agent.literature.fetching import Fetcher
from agent.literature.library import LocalLibrary
from agent.literature.openalex import OpenAlex
from agent.literature.publication import Catalogue
from agent.literature.semantic_scholar import SemanticScholar

__all__ = ["Literature", "open_catalogues"]

Literature: TypeAlias = Literal["off", "local", "all"]
"""Nothing, the local library, or that and the catalogues on the network."""


def open_catalogues(
    name: Literature,
    home: Path,
    wait: Callable[[float], None],
    *,
    notify: Callable[[str], None],
    files: Sequence[Path] = (),
) -> tuple[Catalogue, ...]:
    """The catalogues of a choice.

    Args:
        name: Which.
        home: Where output lies; answers are cached below it.
        wait: Sleeps that many seconds, or raises when the caller shall stop.
        notify: Told in one line what goes wrong beside the searches.
        files: BibTeX that the local library holds beside what ships with this.

    Raises:
        UserError: One of the files cannot be read or is not BibTeX.
    """
    if name == "off":
        return ()
    local = LocalLibrary(files)
    if name == "local":
        return (local,)
    cache = AnswerCache(home / "literature", notify=notify)
    return (
        local,
        SemanticScholar(Fetcher(cache, wait=wait)),
        OpenAlex(Fetcher(cache, wait=wait)),
    )
