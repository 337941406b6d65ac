"""OpenAlex, search among works (``/works``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from pydantic import Field, model_validator

from agent.literature.fetching import Answer, Fetcher
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


class _Named(Answer):
    """An author or a source."""

    display_name: str | None = None


class _Authorship(Answer):
    author: _Named | None = None


class _Place(Answer):
    source: _Named | None = None
    landing_page_url: str | None = None


class _Work(Answer):
    id: str
    doi: str | None = None
    display_name: str | None = None
    publication_year: int | None = None
    authorships: list[_Authorship] | None = None
    primary_location: _Place | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None

    def publication(self) -> Publication:
        doi = re.sub(r"^https?://(dx\.)?doi\.org/", "", self.doi or "") or None
        place = self.primary_location or _Place()
        arxiv = _ARXIV.search(f"{doi or ''} {place.landing_page_url or ''}")
        authors = [one.author or _Named() for one in self.authorships or ()]
        return Publication(
            key=self.id.rsplit("/", 1)[-1],
            title=self.display_name or "",
            abstract=_abstract(self.abstract_inverted_index or {}),
            authors=tuple(author.display_name or "" for author in authors),
            year=self.publication_year,
            venue=(place.source and place.source.display_name) or "",
            arxiv=arxiv[1] if arxiv else None,
            doi=doi,
        )


class _Meta(Answer):
    count: int = Field(ge=0)
    page: int | None = None


class _Page(Answer):
    meta: _Meta
    results: list[_Work]

    @model_validator(mode="after")
    def _shows_what_it_counts(self) -> _Page:
        if self.meta.count > 0 and not self.results and self.meta.page in (None, 1):
            raise ValueError("it counts matches and shows none")
        return self


def _abstract(index: Mapping[str, Sequence[int]]) -> str:
    """The text of an abstract that is given as the places of each of its words."""
    placed = sorted((place, word) for word, places in index.items() for place in places)
    return " ".join(word for _, word in placed)


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
                    _Page,
                    secrets={"api_key": key} if key else None,
                )
                total = answer.meta.count
                found += [work.publication() for work in answer.results]
                if not answer.results or len(found) >= total:
                    break
                number += 1
        except InfrastructureError as error:
            return Unavailable(self.name, query, str(error))
        return Found(self.name, query, tuple(found[:limit]), total)
