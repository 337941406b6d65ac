"""Semantic Scholar's Academic Graph, relevance search (``/graph/v1/paper/search``)."""

from __future__ import annotations

import os

from pydantic import Field, model_validator

from agent.literature.fetching import Answer, Fetcher
from agent.literature.publication import Found, Publication, SearchResult, Unavailable
from templates.errors import InfrastructureError

__all__ = ["SemanticScholar"]

_ADDRESS = "https://api.semanticscholar.org"
_FIELDS = "title,abstract,year,venue,authors,externalIds"
_PAGE = 100
_KEY = "SEMANTIC_SCHOLAR_API_KEY"


class _Identifiers(Answer):
    arxiv: str | None = Field(None, alias="ArXiv")
    doi: str | None = Field(None, alias="DOI")


class _Author(Answer):
    name: str | None = None


class _Paper(Answer):
    identifier: str | None = Field(None, alias="paperId")
    title: str | None = None
    abstract: str | None = None
    venue: str | None = None
    year: int | None = None
    authors: list[_Author] | None = None
    outside: _Identifiers | None = Field(None, alias="externalIds")

    def publication(self) -> Publication:
        outside = self.outside or _Identifiers()
        return Publication(
            key=str(self.identifier),
            title=self.title or "",
            abstract=self.abstract or "",
            authors=tuple(author.name or "" for author in self.authors or ()),
            year=self.year,
            venue=self.venue or "",
            arxiv=outside.arxiv,
            doi=outside.doi,
        )


class _Page(Answer):
    """A search without matches is answered with ``total`` alone."""

    total: int = Field(ge=0)
    offset: int | None = None
    next: int | None = None
    data: list[_Paper] | None = None

    @model_validator(mode="after")
    def _shows_what_it_counts(self) -> _Page:
        if self.total > 0 and not self.data and not self.offset:
            raise ValueError("it counts matches and shows none")
        return self


class SemanticScholar:
    """Searches Semantic Scholar; a key, where the environment has one, gets a better rate.

    Args:
        fetcher: Makes the requests.
        address: Of the service; another one for tests and mirrors.
        page: Results asked for at once, at most 100.
    """

    name = "semantic_scholar"
    complete = True

    def __init__(self, fetcher: Fetcher, address: str = _ADDRESS, page: int = _PAGE) -> None:
        self._fetcher = fetcher
        self._address = f"{address.rstrip('/')}/graph/v1/paper/search"
        self._page = min(page, _PAGE)

    def search(self, query: str, limit: int) -> SearchResult:
        """See `Catalogue.search`."""
        # A hyphen finds nothing there, where the same words with a space find a lot.
        words = " ".join(query.replace("-", " ").split())
        key = os.environ.get(_KEY)
        found: list[Publication] = []
        offset: int | None = 0
        total = 0
        try:
            while offset is not None and len(found) < limit:
                answer = self._fetcher.get(
                    self._address,
                    {
                        "query": words,
                        "fields": _FIELDS,
                        "offset": str(offset),
                        "limit": str(min(self._page, limit - len(found))),
                    },
                    _Page,
                    headers={"x-api-key": key} if key else None,
                )
                total = answer.total
                found += [paper.publication() for paper in answer.data or ()]
                # A service that points back or stays where it is would be asked for ever.
                following = answer.next
                offset = following if following is not None and following > offset else None
        except InfrastructureError as error:
            return Unavailable(self.name, query, str(error))
        return Found(self.name, query, tuple(found[:limit]), total)
