"""A publication, and what a search for some can come to: a list, or that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["Catalogue", "Found", "Publication", "SearchResult", "Unavailable"]


@dataclass(frozen=True)
class Publication:
    """One publication as a catalogue describes it.

    Args:
        key: Names it within its catalogue.
        title: Its title.
        abstract: What it is about; empty where the catalogue does not say.
        authors: Names, in order.
        year: Of publication; None where not known.
        venue: Where it appeared; empty where not known.
        arxiv: Number on arXiv, where it has one.
        doi: Without the resolver's address, where it has one.
    """

    key: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    venue: str = ""
    arxiv: str | None = None
    doi: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the archive and the cache."""
        return {**asdict(self), "authors": list(self.authors)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Publication:
        """From the archive or the cache."""
        return cls(**{**data, "authors": tuple(data["authors"])})


@dataclass(frozen=True)
class Found:
    """A search that was answered, be it with nothing.

    Args:
        catalogue: Who answered.
        query: What was asked.
        publications: The best matches, the best one first.
        total: How many the catalogue says that match.
    """

    catalogue: str
    query: str
    publications: tuple[Publication, ...]
    total: int


@dataclass(frozen=True)
class Unavailable:
    """A search that was not answered: nothing follows from it, least of all that an idea is new.

    Args:
        catalogue: Who was asked.
        query: What was asked.
        reason: What went wrong, for people.
    """

    catalogue: str
    query: str
    reason: str


SearchResult: TypeAlias = Found | Unavailable


class Catalogue(Protocol):
    """Something that can be searched for publications.

    ``search`` is called from any thread and may take seconds. It never raises for what goes wrong
    on the other side: that is an `Unavailable`.
    """

    name: str
    complete: bool
    """Whether it knows about the whole field, so that finding nothing there says something."""

    def search(self, query: str, limit: int) -> SearchResult:
        """The publications that fit best.

        Args:
            query: A few words.
            limit: At most so many.
        """
        ...
