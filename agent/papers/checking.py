"""The checker: nothing stands in a paper that the archive cannot show.

A text is checked three times. What a model wrote is checked before it is used (`check_source`). The
LaTeX is checked as it stands, with nothing believed that it says of itself: its parts are taken
apart, every number is computed from the archive again, the rules are applied to its sentences, and
all of it is made again and compared (`check_document`). At last the numbers of the PDF are compared
with those of the LaTeX, and its links are followed (`agent.papers.latex.pdf`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.papers.claims.bibliography import Library
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact, Reference
from agent.papers.claims.language import parse
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.problem import Problem
from agent.papers.claims.rules import judge
from agent.papers.claims.tokens import Token, tokens_of_latex, tokens_of_source
from agent.papers.claims.typeset import plain_of, tex, tex_number
from agent.papers.latex.document import Draft, assemble, parts_of
from agent.papers.latex.figures import PaperFigure
from templates.errors import CandidateError

__all__ = ["check_document", "check_source", "reference_of"]

_FEWEST_WORDS = 12


def reference_of(key: str) -> Reference:
    """The reference that a row is named after.

    Raises:
        CandidateError: It is not one.
    """
    segments = [one for one in parse(f"{{{{ {key} }}}}") if one.reference is not None]
    if len(segments) != 1 or segments[0].reference is None:
        raise CandidateError("reference", f"{key!r} is no reference")
    return segments[0].reference


def check_source(source: str, ledger: Ledger) -> list[Problem]:
    """What is wrong with a text that a model wrote; nothing where it may stand.

    Args:
        source: The text, of the closed language.
        ledger: What it may refer to; left as it is.
    """
    try:
        tokens = tokens_of_source(source, ledger.book)
    except CandidateError as error:
        return [Problem(error.kind, error.message)]
    words = sum(len(token.text.split()) for token in tokens if token.kind == "text")
    problems = [] if words >= _FEWEST_WORDS else [Problem("empty", "the section says nothing")]
    return problems + judge(
        tokens,
        ledger.book,
        citable=ledger.citable,
        figures=ledger.figures,
        tables=ledger.tables,
    )


def check_document(
    latex: str,
    draft: Draft,
    book: FactBook,
    library: Library,
    figures: Sequence[PaperFigure],
    tables: Sequence[str],
    rows: Sequence[Reference],
) -> list[Problem]:
    """What is wrong with a document as it will be set.

    Args:
        latex: The document.
        draft: The text as the archive has it, who wrote what, and what LaTeX could set.
        book: A fresh book: every number is computed again.
        library: What may be cited.
        figures: What was drawn; the files are read again.
        tables: Keys of the tables.
        rows: The references by their numbers, as the paper's own file of provenance has them.
    """
    try:
        facts = [book.fact(reference) for reference in rows]
    except CandidateError as error:
        return [Problem(error.kind, f"a row of provenance leads nowhere: {error.message}")]
    parts = parts_of(latex)
    problems = _figures(figures, latex)
    keys = [figure.key for figure in figures]
    ledger = Ledger(book, library, keys, tables)
    for name, body in parts.items():
        if name.startswith("prose:"):
            tokens = tokens_of_latex(body, facts)
            problems += _values(tokens, name)
            problems += [
                Problem(one.kind, f"{name}: {one.message}", one.where)
                for one in judge(
                    tokens,
                    book,
                    citable=ledger.citable,
                    figures=ledger.figures,
                    tables=ledger.tables,
                )
            ]
            if sum(len(t.text.split()) for t in tokens if t.kind == "text") < _FEWEST_WORDS:
                problems.append(Problem("empty", f"{name}: the section says nothing"))
        else:
            problems += _values(tokens_of_latex(body, facts), name)
    named = {one.message.partition(": ")[0] for one in problems}
    again = _again(latex, parts, draft, ledger, figures, rows)
    return problems + [one for one in again if one.message.partition(": ")[0] not in named]


def _values(tokens: Sequence[Token], part: str) -> list[Problem]:
    """Every number that is shown is the one that the archive gives now, unit and rounding too."""
    problems = []
    for token in tokens:
        if token.kind != "fact":
            continue
        if token.fact is None:
            problems.append(Problem("value", f"{part}: {token.text!r} links to no row"))
            continue
        prose = part.startswith("prose:")
        if token.text not in _forms(token.fact, prose=prose):
            problems.append(
                Problem(
                    "value",
                    f"{part}: shows {plain_of(token.text)!r} for {token.fact.reference.key}, which "
                    f"is {token.fact.text!r}",
                )
            )
    return problems


def _forms(fact: Fact, *, prose: bool) -> set[str]:
    forms = {tex_number(fact.text), tex(fact.text), f"``{tex(fact.text.rstrip('.'))}''"}
    # Without its unit only where the head of a column has it, which `_again` compares.
    return forms if prose else forms | {tex(fact.bare)}


def _figures(figures: Sequence[PaperFigure], latex: str) -> list[Problem]:
    problems = []
    known = {f"figures/{figure.file.name}" for figure in figures}
    for found in re.finditer(r"\\includegraphics(?:\[[^\]]*\])?\{([^}]*)\}", latex):
        if found[1] not in known:
            problems.append(Problem("pointer", f"the figure {found[1]} was not drawn"))
    for figure in figures:
        if _digest(figure.file) != figure.digest:
            problems.append(Problem("value", f"the figure {figure.key} is not as it was drawn"))
    return problems


def _digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _again(
    latex: str,
    parts: dict[str, str],
    draft: Draft,
    ledger: Ledger,
    figures: Sequence[PaperFigure],
    rows: Sequence[Reference],
) -> list[Problem]:
    """What stands in the document is what the archive's text and data give when set again."""
    try:
        again = assemble(replace(draft, rows=tuple(rows)), ledger, figures)
    except CandidateError as error:
        return [Problem(error.kind, error.message)]
    expected = parts_of(again)
    problems = [
        Problem("block", f"{name}: not what the archive gives")
        for name in dict.fromkeys([*expected, *parts])
        if expected.get(name) != parts.get(name)
    ]
    if _outside(latex) != _outside(again):
        problems.append(Problem("block", "title, headings or preamble were changed"))
    return problems


def _outside(latex: str) -> str:
    return re.sub(r"%<part (\S+)>.*?%</part>", r"<\1>", latex, flags=re.DOTALL)
