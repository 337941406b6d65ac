"""Which catalogues a campaign may ask, by the name of a setting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.literature.cache import AnswerCache
from agent.literature.fetching import Fetcher
from agent.literature.library import LocalLibrary
from agent.literature.openalex import OpenAlex
from agent.literature.publication import Catalogue
from agent.literature.semantic_scholar import SemanticScholar

__all__ = ["LITERATURE", "open_catalogues"]

LITERATURE = ("off", "local", "all")
"""Nothing, the library that ships with this, or that and the catalogues on the network."""


def open_catalogues(name: str, home: Path, wait: Callable[[float], None]) -> tuple[Catalogue, ...]:
    """The catalogues of a choice.

    Args:
        name: One of `LITERATURE`.
        home: Where output lies; answers are cached below it.
        wait: Sleeps that many seconds, or raises when the caller shall stop.
    """
    if name == "off":
        return ()
    local = LocalLibrary()
    if name == "local":
        return (local,)
    cache = AnswerCache(home / "literature")
    return (
        local,
        SemanticScholar(Fetcher(cache, wait=wait)),
        OpenAlex(Fetcher(cache, wait=wait)),
    )
