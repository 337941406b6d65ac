"""From text to PDF: assemble, check, set, send LaTeX's errors back, check the PDF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.archive import Archive, CandidateRecord
from agent.papers.authorship import BY_MODEL
from agent.papers.checking import check_document
from agent.papers.claims.bibliography import load_library
from agent.papers.claims.book import FactBook
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.problem import Problem
from agent.papers.latex.compiling import Compiled, compile_latex
from agent.papers.latex.document import Draft, assemble, part_at
from agent.papers.latex.figures import PaperFigure
from agent.papers.latex.pdf import check_pdf, pdf_text
from agent.papers.sections import SECTIONS
from agent.papers.writing import Author, Written

__all__ = ["Outcome", "Press", "set_paper"]

# Each section may be repaired once and replaced once, and the formula replaced.
_TRIES = 2 * len(SECTIONS) + 2
_UNSETTABLE = "LaTeX could not set it"


@dataclass(frozen=True)
class Press:
    """What setting a paper needs.

    Args:
        folder: Where files go.
        archive: For a fresh look when it is checked.
        candidate: Whom it is about.
        version: Which of its papers.
        figures: What was drawn.
        models: Who wrote.
        tell: Told in one line what is being done.
        check_stop: Raises where somebody asked to stop.
    """

    folder: Path
    archive: Archive
    candidate: CandidateRecord
    version: int
    figures: Sequence[PaperFigure]
    models: Sequence[str]
    tell: Callable[[str], None]
    check_stop: Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """What came of it; see `agent.papers.paper.PaperResult`."""

    status: str
    pdf: Path | None
    engine: str
    error: str | None
    written: Mapping[str, Written]
    formula_as_source: bool
    numbers: int
    pages: int
    overfull_pt: float

    def to_json(self) -> dict[str, Any]:
        """For the archive."""
        return {
            "status": self.status,
            "engine": self.engine,
            "error": self.error,
            "sections": {name: one.to_json() for name, one in self.written.items()},
            "formula_as_source": self.formula_as_source,
            "numbers": self.numbers,
            "pages": self.pages,
        }


def set_paper(press: Press, sections: Mapping[str, Written], author: Author) -> Outcome:
    """Make the PDF of a paper, or keep its sources and say why there is none.

    Args:
        press: Where and with what.
        sections: The text.
        author: Asked again where LaTeX cannot set a section.
    """
    written = dict(sections)
    as_source = False
    mended: set[str] = set()
    file = press.folder / "paper.tex"
    for _ in range(_TRIES):
        press.check_stop()
        draft = _draft(press, written, as_source)
        ledger = _ledger(author)
        latex = assemble(draft, ledger, press.figures)
        rows = [fact.reference for fact in ledger.facts]
        _write(press, latex, ledger)
        press.tell("checking every number against the archive")
        problems = _check(press, latex, draft, ledger, rows)
        if problems:
            return _refused(written, as_source, ledger, problems, "")
        press.tell("setting the text")
        epoch = int(ledger.book.campaign.created_at.timestamp())
        compiled = compile_latex(file, epoch_s=epoch)
        (press.folder / "paper.log").write_text(compiled.log, encoding="utf-8")
        if compiled.pdf is not None:
            return _finished(press, compiled, latex, written, as_source, ledger)
        part = None if compiled.line is None else part_at(latex, compiled.line)
        press.tell(f"LaTeX stopped in {part or 'the document'}: {compiled.error}")
        if part == "formula" and not as_source:
            as_source = True
        elif (name := (part or "").removeprefix("prose:")) in written and _may_mend(written[name]):
            _mend(name, written, mended, author, compiled)
        else:
            return _uncompiled(press, compiled, written, as_source, ledger)
    raise AssertionError("every section was replaced and LaTeX still complains")


def _draft(press: Press, written: Mapping[str, Written], as_source: bool) -> Draft:
    return Draft(
        sources={name: one.source for name, one in written.items()},
        authors={name: one.author for name, one in written.items()},
        models=press.models,
        formula_as_source=as_source,
    )


def _ledger(author: Author) -> Ledger:
    ledger = author.ledger
    return Ledger(ledger.book, ledger.library, ledger.figures, ledger.tables)


def _may_mend(one: Written) -> bool:
    """Whether another text may help: the fixed one was not tried yet."""
    return one.author != _UNSETTABLE


def _mend(
    name: str, written: dict[str, Written], mended: set[str], author: Author, compiled: Compiled
) -> None:
    section = next(one for one in SECTIONS if one.name == name)
    if name not in mended and written[name].author in BY_MODEL:
        mended.add(name)
        written[name] = author.mend(section, written[name].source, compiled.error or "")
    else:
        written[name] = Written(author.default(section), _UNSETTABLE)


def _check(
    press: Press, latex: str, draft: Draft, ledger: Ledger, rows: Sequence[Any]
) -> list[Problem]:
    # A fresh book: nothing that was computed for writing is believed when checking.
    book = FactBook(press.archive, press.candidate, press.version)
    return check_document(
        latex,
        draft,
        book,
        load_library(book.template),
        press.figures,
        sorted(ledger.tables),
        rows,
    )


def _write(press: Press, latex: str, ledger: Ledger) -> None:
    (press.folder / "paper.tex").write_text(latex, encoding="utf-8")
    provenance = {
        "candidate": press.candidate.id,
        "campaign": press.candidate.campaign_id,
        "facts": [{"row": number, **fact.to_json()} for number, fact in enumerate(ledger.facts, 1)],
        "figures": {figure.key: figure.digest for figure in press.figures},
    }
    text = json.dumps(provenance, indent=1, ensure_ascii=False)
    (press.folder / "provenance.json").write_text(text + "\n", encoding="utf-8")


def _finished(
    press: Press,
    compiled: Compiled,
    latex: str,
    written: Mapping[str, Written],
    as_source: bool,
    ledger: Ledger,
) -> Outcome:
    assert compiled.pdf is not None
    problems = [Problem("pointer", f"{name} leads nowhere") for name in compiled.unresolved]
    problems += check_pdf(compiled.pdf, latex)
    if problems:
        compiled.pdf.rename(compiled.pdf.with_suffix(".refused.pdf"))
        return _refused(written, as_source, ledger, problems, compiled.engine)
    return Outcome(
        "done",
        compiled.pdf,
        compiled.engine,
        None,
        written,
        as_source,
        len(ledger.facts),
        len(pdf_text(compiled.pdf)),
        max(compiled.overfull_pt, default=0.0),
    )


def _refused(
    written: Mapping[str, Written],
    as_source: bool,
    ledger: Ledger,
    problems: Sequence[Problem],
    engine: str,
) -> Outcome:
    lines = "; ".join(problem.line for problem in problems[:4])
    error = f"the checker found {len(problems)} problems: {lines}"
    return Outcome("refused", None, engine, error, written, as_source, len(ledger.facts), 0, 0.0)


def _uncompiled(
    press: Press,
    compiled: Compiled,
    written: Mapping[str, Written],
    as_source: bool,
    ledger: Ledger,
) -> Outcome:
    error = f"{compiled.engine} could not set it: {compiled.error}; see paper.tex and paper.log"
    return Outcome(
        "uncompiled", None, compiled.engine, error, written, as_source, len(ledger.facts), 0, 0.0
    )
