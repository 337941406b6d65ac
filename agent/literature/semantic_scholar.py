"""Semantic Scholar's Academic Graph, relevance search (``/graph/v1/paper/search``)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from agent.literature.fetching import Fetcher
from agent.literature.publication import Found, Publication, SearchResult, Unavailable
from templates.errors import InfrastructureError

__all__ = ["SemanticScholar"]

_ADDRESS = "https://api.semanticscholar.org"
_FIELDS = "title,abstract,year,venue,authors,externalIds"
_PAGE = 100
_KEY = "SEMANTIC_SCHOLAR_API_KEY"


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
                    headers={"x-api-key": key} if key else None,
                )
                total, found_here, following = _page_of(answer)
                found += found_here
                # A service that points back or stays where it is would be asked for ever.
                offset = following if following is not None and following > offset else None
        except InfrastructureError as error:
            return Unavailable(self.name, query, str(error))
        return Found(self.name, query, tuple(found[:limit]), total)


def _page_of(answer: Any) -> tuple[int, list[Publication], int | None]:
    """Number of matches, those of this page, and where the next one begins.

    A search without matches is answered with ``total`` alone.
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("total"), int):
        raise InfrastructureError("its answer is not that of a search")
    data = answer.get("data") or []
    following = answer.get("next")
    if not isinstance(data, list) or not (following is None or isinstance(following, int)):
        raise InfrastructureError("its answer is not that of a search")
    if answer["total"] > 0 and not data and not answer.get("offset"):
        raise InfrastructureError("it counts matches and shows none")
    return answer["total"], [_publication(paper) for paper in data], following


def _publication(paper: Any) -> Publication:
    if not isinstance(paper, Mapping) or not isinstance(paper.get("paperId"), str | None):
        raise InfrastructureError("its answer is not that of a search")
    outside = paper.get("externalIds") or {}
    authors = paper.get("authors") or []
    return Publication(
        key=str(paper.get("paperId")),
        title=str(paper.get("title") or ""),
        abstract=str(paper.get("abstract") or ""),
        authors=tuple(str(one.get("name") or "") for one in authors),
        year=paper.get("year"),
        venue=str(paper.get("venue") or ""),
        arxiv=outside.get("ArXiv"),
        doi=outside.get("DOI"),
    )
