"""Numbers the facts that a paper shows and writes each with a link to its row."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agent.papers.claims.bibliography import Library
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact, Reference, UnknownReferenceError
from agent.papers.claims.language import render
from agent.papers.claims.typeset import tex, tex_number

__all__ = ["OTHER_FUNCTIONS", "Ledger"]

OTHER_FUNCTIONS = ("cite", "figure", "table")


class Ledger:
    """Every fact gets a number where it is first shown and keeps it.

    Args:
        book: Where facts come from.
        library: What may be cited.
        figures: Keys of the figures that the paper has.
        tables: Keys of its tables.
    """

    def __init__(
        self, book: FactBook, library: Library, figures: Collection[str], tables: Collection[str]
    ) -> None:
        self.book = book
        self.library = library
        self.figures = frozenset(figures)
        self.tables = frozenset(tables)
        self.found = library.titled(book.idea.compared)
        """Keys of what the searches for the candidate's idea found, the nearest first."""
        self.citable = frozenset((*library.relevant(book.template), *self.found))
        self._numbers: dict[Reference, int] = {}
        self._cited: dict[str, None] = {}

    @property
    def facts(self) -> list[Fact]:
        """In the order of their numbers, from 1."""
        return [self.book.fact(reference) for reference in self._numbers]

    @property
    def cited(self) -> list[str]:
        """Keys in the order in which they were first cited."""
        return list(self._cited)

    def number(self, reference: Reference) -> int:
        """The row of a fact."""
        fact = self.book.fact(reference)
        return self._numbers.setdefault(fact.reference, len(self._numbers) + 1)

    def prose(self, source: str) -> str:
        """LaTeX of a text of the language.

        Raises:
            CandidateError: It is not in the language, or a reference leads nowhere.
        """
        return render(source, tex, self.shown)

    def shown(self, reference: Reference) -> str:
        """LaTeX of a reference within prose."""
        if reference.function in OTHER_FUNCTIONS:
            return self._other(reference)
        fact = self.book.fact(reference)
        number = self.number(reference)
        if fact.kind == "name":
            return rf"\who{{{number}}}{{{tex(fact.text)}}}{self._citation(reference, fact)}"
        if fact.kind == "words":
            return rf"\prov{{{number}}}{{``{tex(fact.text.rstrip('.'))}''}}"
        return rf"\prov{{{number}}}{{{tex_number(fact.text)}}}"

    def cell(self, function: str, *arguments: str) -> str:
        """LaTeX of a fact within a table whose head has the unit."""
        reference = Reference(function, arguments)
        fact = self.book.fact(reference)
        number = self.number(reference)
        macro = "who" if fact.kind == "name" else "prov"
        return rf"\{macro}{{{number}}}{{{tex(fact.bare)}}}"

    def _citation(self, reference: Reference, fact: Fact) -> str:
        if reference.function != "baseline":
            return ""
        baselines = {one.name: one for one in self.book.template.baselines}
        found = baselines.get(fact.text)
        key = None if found is None else self.library.of_citation(found.citation)
        return "" if key is None else f"~{self._cite((key,))}"

    def _cite(self, keys: Iterable[str]) -> str:
        listed = list(keys)
        for key in listed:
            self._cited.setdefault(key)
        return rf"\cite{{{','.join(listed)}}}"

    def _other(self, reference: Reference) -> str:
        known = {"cite": self.citable, "figure": self.figures, "table": self.tables}
        keys = known[reference.function]
        if not reference.arguments:
            raise UnknownReferenceError(f"{reference.key}: name at least one key")
        for argument in reference.arguments:
            if argument not in keys:
                raise UnknownReferenceError(
                    f"{reference.key}: there is no such key; use {', '.join(sorted(keys))}"
                )
        if reference.function == "cite":
            return self._cite(reference.arguments)
        return rf"\{reference.function}ref{{{reference.arguments[0]}}}"
