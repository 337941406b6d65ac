"""The library that ships with this and BibTeX of one's own, ranked by BM25; no network.

An entry is found by its title and a short summary, its `abstract`.

The ranking is that of SQLite's full-text index FTS5, which is BM25 with k1 = 1.2 and b = 0.75
(Robertson and Zaragoza 2009), on words stemmed by Porter's rules.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path

from pybtex.database import BibliographyData, Entry, parse_string
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

from agent.literature.publication import Found, Publication, SearchResult
from templates.errors import UserError

__all__ = ["LocalLibrary", "parse_bibtex", "read_bibtex", "read_publications", "shipped_text"]

_SHIPPED = "references.bib"
# A title says more about a paper than a sentence of its summary does.
_WEIGHT_OF_TITLE, _WEIGHT_OF_SUMMARY = 2.0, 1.0
_STOP_WORDS = frozenset(
    "a an and are as at be by can for from has have in into is it its more new not of on or our "
    "than that the their then this to use used using we when where which while with".split()
)


class LocalLibrary:
    """Publications in memory; searching is a matter of microseconds.

    Args:
        files: Further BibTeX files of one's own; each entry with a title, and an ``abstract``
            where it shall be found by more than its title.

    Raises:
        UserError: A file cannot be read or is not BibTeX.
    """

    name = "local"
    complete = False

    def __init__(self, files: Sequence[Path] = ()) -> None:
        texts = [(_SHIPPED, shipped_text()), *((str(file), read_bibtex(file)) for file in files)]
        found = [one for name, text in texts for one in read_publications(text, name)]
        self.publications = {one.key: one for one in found}
        self._guard = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute(
            "CREATE VIRTUAL TABLE papers USING fts5(key UNINDEXED, title, summary, "
            "tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        self._index.executemany(
            "INSERT INTO papers VALUES (?, ?, ?)",
            [(one.key, one.title, one.abstract) for one in self.publications.values()],
        )

    def search(self, query: str, limit: int) -> SearchResult:
        """See `Catalogue.search`; any of the words may match, and rare ones count more."""
        words = dict.fromkeys(
            word for word in re.findall(r"\w+", query.lower()) if word not in _STOP_WORDS
        )
        if not words:
            return Found(self.name, query, (), 0)
        match = " OR ".join(f'"{word}"' for word in words)
        ranking = f"bm25(papers, 0.0, {_WEIGHT_OF_TITLE}, {_WEIGHT_OF_SUMMARY})"
        asked = f"SELECT key FROM papers WHERE papers MATCH ? ORDER BY {ranking}, key"
        with self._guard, closing(self._index.execute(asked, (match,))) as rows:
            keys = [key for (key,) in rows]
        best = tuple(self.publications[key] for key in keys[:limit])
        return Found(self.name, query, best, len(keys))


def shipped_text() -> str:
    """The BibTeX that ships with this; papers cite from it as well."""
    return resources.files("agent.literature").joinpath(_SHIPPED).read_text("utf-8")


def read_bibtex(file: Path) -> str:
    """The text of a BibTeX file.

    Raises:
        UserError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the bibliography {file} cannot be read: {error}") from error


def parse_bibtex(text: str, name: str) -> BibliographyData:
    """The entries of a BibTeX text.

    Args:
        text: BibTeX.
        name: Of the file, for messages.

    Raises:
        UserError: It is not BibTeX.
    """
    try:
        return parse_string(text, "bibtex")
    except PybtexError as error:
        raise UserError(f"{name}: {error}") from error


def read_publications(text: str, name: str) -> list[Publication]:
    """The entries of a BibTeX text that have a title.

    Args:
        text: BibTeX.
        name: Of the file, for messages.

    Raises:
        UserError: It is not BibTeX, or holds LaTeX that cannot be read.
    """
    entries = parse_bibtex(text, name).entries.items()
    return [_publication(key, entry, name) for key, entry in entries if entry.fields.get("title")]


def _publication(key: str, entry: Entry, name: str) -> Publication:
    fields = entry.fields
    year = fields.get("year", "")
    try:
        return Publication(
            key=key,
            title=_plain(fields["title"]),
            abstract=_plain(fields.get("abstract", "")),
            authors=tuple(_plain(str(person)) for person in entry.persons.get("author", [])),
            year=int(year) if year.isdecimal() else None,
            venue=_plain(fields.get("booktitle") or fields.get("journal") or ""),
            arxiv=fields.get("eprint"),
            doi=fields.get("doi"),
        )
    except PybtexError as error:
        raise UserError(f"{name}: the entry {key}: {error}") from error


def _plain(text: str) -> str:
    return " ".join(str(Text.from_latex(text)).split())
