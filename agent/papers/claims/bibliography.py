"""The library of publications that a paper may cite; what is not in it cannot be cited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pybtex.backends.latex import Backend
from pybtex.database import BibliographyData
from pybtex.exceptions import PybtexError
from pybtex.style.formatting.unsrt import Style
from pybtex.style.template import FieldIsMissing

from agent.literature.library import parse_bibtex, read_bibtex, shipped_text
from templates.errors import UserError
from templates.registry import Template

__all__ = ["Entry", "Library", "load_library"]

_SHIPPED = "references.bib"
_REQUIRED = ("title", "year")
# What lets a reader, and a later check against a catalogue, find the publication.
_IDENTIFIERS = ("eprint", "doi", "isbn", "url")
_ARXIV = re.compile(r"\b(\d{4}\.\d{4,5})\b")


@dataclass(frozen=True)
class Entry:
    """One publication.

    Args:
        key: By which it is cited.
        authors: Family names, in order.
        title: Its title, without braces.
        year: Of publication.
        eprint: Number on arXiv, where it has one.
        keywords: What it is about.
    """

    key: str
    authors: tuple[str, ...]
    title: str
    year: str
    eprint: str | None
    keywords: frozenset[str]

    @property
    def words(self) -> str:
        """For a menu: who, when and what."""
        names = self.authors[0] + (" and others" if len(self.authors) > 1 else "")
        return f"{names} ({self.year}), {self.title}"


class Library:
    """Publications by key.

    Args:
        data: Parsed BibTeX; each entry with author, title, year and an identifier.
        files: Name of the file that an entry is in, by its key; for messages.

    Raises:
        UserError: An entry lacks one of these.
    """

    def __init__(self, data: BibliographyData, files: Mapping[str, str]) -> None:
        self._data = data
        self._formatted: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self.entries: Mapping[str, Entry] = {
            key: _entry(key, found, files[key]) for key, found in data.entries.items()
        }

    def relevant(self, template: Template) -> tuple[str, ...]:
        """Keys that a paper on a template may cite: its own references and baselines, the rest of
        their subjects, and what is general.
        """
        named = {reference.key for reference in template.spec.references}
        cited = " ".join(baseline.citation for baseline in template.baselines)
        numbers = set(_ARXIV.findall(cited))
        own = {
            key
            for key, entry in self.entries.items()
            if key in named or (entry.eprint is not None and entry.eprint in numbers)
        }
        subjects = frozenset[str]().union(*(self.entries[key].keywords for key in own))
        subjects |= {"general"}
        return tuple(
            key for key, entry in self.entries.items() if key in own or entry.keywords & subjects
        )

    def titled(self, titles: Sequence[str]) -> tuple[str, ...]:
        """Keys of the publications that have one of these titles, in the order of the titles."""
        keys = {_letters(entry.title): key for key, entry in self.entries.items()}
        found = (keys.get(_letters(title)) for title in titles)
        return tuple(dict.fromkeys(key for key in found if key is not None))

    def of_citation(self, citation: str) -> str | None:
        """The key of the first publication that a baseline's citation names by its number."""
        for number in _ARXIV.findall(citation):
            for key, entry in self.entries.items():
                if entry.eprint == number:
                    return key
        return None

    def latex(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        """Key and formatted entry, in the order given, for ``thebibliography``."""
        if tuple(keys) not in self._formatted:
            self._formatted[tuple(keys)] = self._format(keys)
        return self._formatted[tuple(keys)]

    def refuse_unset(self, key: str, file: str) -> None:
        """Format an entry, only to see that a paper can.

        Args:
            key: Of the entry.
            file: Which it is in.

        Raises:
            UserError: Its type is unknown or asks for a field that it has not.
        """
        kind = self._data.entries[key].type
        if not hasattr(Style, f"get_{kind}_template"):
            raise UserError(
                f"{file}: the entry {key} is of type @{kind}, which papers cannot set; make it "
                "one of BibTeX's own, e.g. @misc"
            )
        try:
            self._format([key])
        except FieldIsMissing as error:
            raise UserError(
                f"{file}: the entry {key} has no {error.field_name}, which @{kind} asks for; add "
                "it, or make the entry @misc"
            ) from error
        except PybtexError as error:
            raise UserError(f"{file}: the entry {key} cannot be set: {error}") from error

    def _format(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        formatted = Style().format_bibliography(self._data, list(keys))
        backend = Backend()
        return [(entry.key, entry.text.render(backend)) for entry in formatted]


def load_library(template: Template | None = None) -> Library:
    """The shipped library, and the template's own ``references.bib`` where it has one.

    Raises:
        UserError: A file is not BibTeX, an entry lacks something or cannot be set, or a key is
            there twice.
    """
    merged = parse_bibtex(shipped_text(), _SHIPPED)
    files = dict.fromkeys(merged.entries, _SHIPPED)
    own = None if template is None else template.bibliography
    if own is None:
        return Library(merged, files)
    found = parse_bibtex(read_bibtex(own), str(own)).entries
    try:
        merged.add_entries(found.items())
    except PybtexError as error:
        raise UserError(f"{own}: {error}") from error
    library = Library(merged, files | dict.fromkeys(found, str(own)))
    for key in found:
        library.refuse_unset(key, str(own))
    return library


def _letters(title: str) -> str:
    return "".join(filter(str.isalnum, title.lower()))


def _entry(key: str, found: Any, file: str) -> Entry:
    missing = [name for name in _REQUIRED if not found.fields.get(name)]
    if not found.persons.get("author"):
        missing.append("author")
    if not any(found.fields.get(name) for name in _IDENTIFIERS):
        missing.append(" or ".join(_IDENTIFIERS))
    if missing:
        raise UserError(f"{file}: the entry {key} has no {', no '.join(missing)}; add it")
    keywords = found.fields.get("keywords", "")
    return Entry(
        key,
        tuple(" ".join(person.last_names) for person in found.persons["author"]),
        re.sub(r"[{}]", "", found.fields["title"]),
        found.fields["year"],
        found.fields.get("eprint"),
        frozenset(word.strip() for word in keywords.split(",") if word.strip()),
    )
