"""What others have published: catalogues on the network and a library that ships with this."""

from __future__ import annotations

from agent.literature.fetching import Fetcher
from agent.literature.library import LocalLibrary
from agent.literature.openalex import OpenAlex
from agent.literature.publication import Catalogue, Found, Publication, SearchResult, Unavailable
from agent.literature.registry import Literature, open_catalogues
from agent.literature.semantic_scholar import SemanticScholar

__all__ = [
    "Catalogue",
    "Fetcher",
    "Found",
    "Literature",
    "LocalLibrary",
    "OpenAlex",
    "Publication",
    "SearchResult",
    "SemanticScholar",
    "Unavailable",
    "open_catalogues",
]
