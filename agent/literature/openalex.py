"""OpenAlex, search among works (``/works``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from agent.literature.fetching import Fetcher
from agent.literature.publication import Found, Publication, SearchResult, Unavailable
from templates.errors import InfrastructureError

__all__ = ["OpenAlex"]

_ADDRESS = "https://api.openalex.org"
_FIELDS = (
    "id,doi,display_name,publication_year,authorships,primary_location,abstract_inverted_index"
)
_PAGE = 100
_KEY = "OPENALEX_API_KEY"
_ARXIV = re.compile(r"(?:10\.48550/arxiv\.|arxiv\.org/(?:abs|pdf)/)(\d{4}\.\d{4,5})", re.IGNORECASE)


class OpenAlex:
    """Searches OpenAlex; a key, where the environment has one, gets a better rate.

    Pages are asked for by number: a cursor is only for those with a key.

    Args:
        fetcher: Makes the requests.
        address: Of the service; another one for tests and mirrors.
        page: Results asked for at once, at most 100.
    """

    name = "openalex"
    complete = True

    def __init__(self, fetcher: Fetcher, address: str = _ADDRESS, page: int = _PAGE) -> None:
        self._fetcher = fetcher
        self._address = f"{address.rstrip('/')}/works"
        self._page = min(page, _PAGE)

    def search(self, query: str, limit: int) -> SearchResult:
        """See `Catalogue.search`."""
        # Commas and colons separate filters there, quotes and operators change the search.
        words = " ".join(re.sub(r"[^\w\s-]", " ", query).split())
        key = os.environ.get(_KEY)
        size = min(self._page, limit)
        found: list[Publication] = []
        total = 0
        number = 1
        try:
            while len(found) < limit:
                answer = self._fetcher.get(
                    self._address,
                    {
                        "search": words,
                        "select": _FIELDS,
                        "per-page": str(size),
                        "page": str(number),
                    },
                    secrets={"api_key": key} if key else None,
                )
                total, found_here = _page_of(answer)
                found += found_here
                if not found_here or len(found) >= total:
                    break
                number += 1
        except InfrastructureError as error:
            return Unavailable(self.name, query, str(error))
        return Found(self.name, query, tuple(found[:limit]), total)


def _page_of(answer: Any) -> tuple[int, list[Publication]]:
    meta = answer.get("meta") if isinstance(answer, Mapping) else None
    count = meta.get("count") if isinstance(meta, Mapping) else None
    works = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(count, int) or not isinstance(works, list):
        raise InfrastructureError("its answer is not that of a search")
    return count, [_publication(work) for work in works]


def _publication(work: Any) -> Publication:
    if not isinstance(work, Mapping) or not isinstance(work.get("id"), str):
        raise InfrastructureError("its answer is not that of a search")
    doi = re.sub(r"^https?://(dx\.)?doi\.org/", "", work.get("doi") or "") or None
    place = work.get("primary_location") or {}
    source = place.get("source") or {}
    arxiv = _ARXIV.search(f"{doi or ''} {place.get('landing_page_url') or ''}")
    authors = [one.get("author") or {} for one in work.get("authorships") or []]
    return Publication(
        key=work["id"].rsplit("/", 1)[-1],
        title=str(work.get("display_name") or ""),
        abstract=_abstract(work.get("abstract_inverted_index")),
        authors=tuple(str(author.get("display_name") or "") for author in authors),
        year=work.get("publication_year"),
        venue=str(source.get("display_name") or ""),
        arxiv=arxiv[1] if arxiv else None,
        doi=doi,
    )


def _abstract(index: Any) -> str:
    """The text of an abstract that is given as the places of each of its words."""
    if not isinstance(index, Mapping):
        return ""
    placed = sorted((place, word) for word, places in index.items() for place in places)
    return " ".join(word for _, word in placed)
