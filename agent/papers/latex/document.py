"""Puts a paper together: prose, tables, figures and appendix as one LaTeX document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pylatex import Command, Document, Figure, NoEscape, Package
from pylatex import Section as Heading

from agent.papers.authorship import CHOSEN
from agent.papers.claims.facts import Reference
from agent.papers.claims.ledger import Ledger
from agent.papers.claims.typeset import tex
from agent.papers.latex.appendix import (
    code_block,
    formula_block,
    idea_block,
    provenance_block,
    written_block,
)
from agent.papers.latex.figures import PaperFigure
from agent.papers.latex.tables import TABLES
from agent.papers.sections import SECTIONS, Section
from templates.edits import apply_edits, difference, parse_edits

__all__ = ["Draft", "assemble", "part_at", "parts_of"]

_MARK = re.compile(r"%<part (?P<name>\S+)>%?\n(?P<body>.*?)%</part>", re.DOTALL)
_GEOMETRY = {"margin": "1in"}
_COLOR = "black!55!blue"
_PLACED = {
    "method": (),
    "experiments": ("table:tasks",),
    "results": (
        "table:results",
        "figure:scores",
        "table:confirmation",
        "figure:gains",
        "figure:curves",
        "figure:template",
        "table:metrics",
    ),
}
_PREAMBLE = r"""
\DeclareRobustCommand{\prov}[2]{\leavevmode\hyperlink{prov:#1}{#2}}
\newcommand{\breaking}{\textunderscore\discretionary{}{}{}}
\DeclareRobustCommand{\who}[2]{\leavevmode\hyperlink{prov:#1}{\texttt{\let\_\breaking#2}}}
\DeclareRobustCommand{\figureref}[1]{Figure~\ref{fig:#1}}
\DeclareRobustCommand{\tableref}[1]{Table~\ref{tab:#1}}
\newsavebox{\formulabox}
\setlength{\emergencystretch}{3em}
\setlength{\belowcaptionskip}{5pt}
\renewcommand{\arraystretch}{1.2}
\renewcommand{\topfraction}{0.9}
\renewcommand{\floatpagefraction}{0.8}
\renewcommand{\textfraction}{0.05}
\setcounter{topnumber}{4}
\setcounter{totalnumber}{6}
\pagestyle{fancy}
\fancyhf{}
\fancyhead[L]{\footnotesize AI-generated, not checked by a person}
\fancyhead[R]{\footnotesize discovery-agent}
\fancyfoot[C]{\thepage}
\setlength{\headheight}{14pt}
"""


@dataclass(frozen=True)
class Draft:
    """A paper before it is set.

    Args:
        sources: Text of each section, in the closed language, by name.
        authors: By name of a section who wrote it, see `agent.papers.authorship`.
        models: Names of the models that wrote.
        formula_as_source: LaTeX could not set the closed form.
        rows: Facts whose numbers are given already; a checker has them from the paper.
    """

    sources: Mapping[str, str]
    authors: Mapping[str, str]
    models: Sequence[str]
    formula_as_source: bool = False
    rows: Sequence[Reference] = field(default=())


def assemble(draft: Draft, ledger: Ledger, figures: Sequence[PaperFigure]) -> str:
    """The document.

    Args:
        draft: The text.
        ledger: Numbers the facts; a fresh one for every call.
        figures: What was drawn.

    Returns:
        LaTeX; every part of the body stands between marks, see `parts_of`.

    Raises:
        CandidateError: A source is not in the language, or refers to nothing.
    """
    for reference in draft.rows:
        ledger.number(reference)
    document = Document(
        documentclass="article",
        document_options=["11pt", "letterpaper"],
        geometry_options=_GEOMETRY,
        page_numbers=False,
        microtype=True,
    )
    for name in ("amsmath", "array", "longtable", "graphicx", "xcolor", "fancyhdr"):
        document.packages.append(Package(name))
    options = f"colorlinks,allcolors={_COLOR},pdfusetitle"
    document.packages.append(Package("hyperref", options=NoEscape(options)))
    document.preamble.append(NoEscape(_PREAMBLE))
    title, author = _title(draft, ledger)
    document.preamble.append(Command("title", NoEscape(title)))
    document.preamble.append(Command("author", NoEscape(author)))
    document.preamble.append(Command("date", NoEscape("")))
    body = _Body(document)
    # Without page numbers of its own, PyLaTeX empties the style of pages first.
    document.append(Command("pagestyle", "fancy"))
    document.append(Command("maketitle"))
    document.append(Command("thispagestyle", "fancy"))
    body.part("mark", _mark(draft))
    for section in _reading_order():
        prose = ledger.prose(draft.sources[section.name])
        if section.name == "abstract":
            body.part("label", f"\\begin{{abstract}}\n{_label(ledger)}")
            body.part("prose:abstract", prose)
            document.append(NoEscape(r"\end{abstract}"))
            continue
        body.heading(section.heading)
        body.part(f"prose:{section.name}", prose)
        if section.name == "method" and ledger.book.candidate.closed_form:
            closed = ledger.book.candidate.closed_form
            functions = ledger.book.spec.functions
            block = formula_block(closed, functions, as_source=draft.formula_as_source)
            body.part("formula", block)
        for placed in _PLACED.get(section.name, ()):
            _place(body, placed, ledger, figures)
    body.heading("Compute and cost")
    body.part("cost", _cost_text(ledger))
    body.part("table:cost", TABLES["cost"](ledger).dumps())
    body.part("bibliography", _bibliography(ledger))
    document.append(NoEscape(r"\appendix"))
    body.heading("The candidate as it was scored")
    body.part("code", _code(ledger))
    if ledger.book.idea.record is not None:
        body.heading("The idea before the code")
        body.part("idea", idea_block(ledger))
    for figure in figures:
        if figure.key == "progress":
            body.heading("The campaign")
            shows = "{{ figure('progress') }} shows what was proposed. The evaluation reached "
            shows += "{{ count('evaluated') }} of {{ count('proposals') }}."
            body.part("campaign", ledger.prose(shows))
            body.part(f"figure:{figure.key}", _figure(figure, ledger, "!htbp"))
    body.heading("How this paper was written")
    headings = {one.name: one.heading for one in SECTIONS}
    authors = {headings[name]: said for name, said in draft.authors.items()}
    body.part("written", written_block(ledger, authors))
    # No figure is left to float behind the long table.
    document.append(NoEscape(r"\clearpage"))
    body.heading("Provenance")
    body.part("provenance", _provenance(ledger, figures))
    return str(document.dumps())


def parts_of(latex: str) -> dict[str, str]:
    """The marked parts of a document by name, as they stand between their marks."""
    return {found["name"]: found["body"] for found in _MARK.finditer(latex)}


class _Body:
    def __init__(self, document: Document) -> None:
        self._document = document

    def heading(self, text: str) -> None:
        self._document.append(Heading(text, label=False))

    def part(self, name: str, latex: str) -> None:
        self._document.append(NoEscape(f"%<part {name}>%\n{latex.rstrip()}\n%</part>"))


def _reading_order() -> list[Section]:
    abstract = [section for section in SECTIONS if section.name == "abstract"]
    return [*abstract, *(section for section in SECTIONS if section.name != "abstract")]


def _title(draft: Draft, ledger: Ledger) -> tuple[str, str]:
    book = ledger.book
    name = (
        rf"\texorpdfstring{{\texttt{{{tex(book.candidate.name)}}}}}{{{tex(book.candidate.name)}}}"
    )
    subject = tex(book.spec.title)
    if book.candidate.is_discovery:
        title = f"{name}: a discovery in the task ``{subject}''"
    else:
        which = "the best" if book.leads else "a"
        title = f"{name}: {which} candidate, not a discovery, in the task ``{subject}''"
    return title, r"Written by discovery-agent, a program"


def _label(ledger: Ledger) -> str:
    """What the abstract begins with, whoever writes the rest."""
    if ledger.book.candidate.is_discovery:
        return r"\noindent"
    which = "the best" if ledger.book.leads else "a"
    return (
        rf"\noindent\textbf{{This paper is about {which} candidate of a campaign, "
        r"not a discovery.}\space{}"
    )


def _mark(draft: Draft) -> str:
    models = tex(", ".join(draft.models))
    prose = "the prose is a fixed text of the program"
    if models:
        prose = rf"the prose is by \texttt{{{models}}} where the appendix does not say otherwise"
        if any(said.startswith(CHOSEN) for said in draft.authors.values()):
            prose = (
                rf"\texttt{{{models}}} put the prose together from sentences of the program, and "
                "the appendix says where it added its own"
            )
    return (
        r"\begin{center}\fbox{\parbox{0.92\linewidth}{\small\centering "
        rf"\textbf{{AI-generated.}} A program wrote this paper from its archive; {prose}. "
        r"No person has checked it. Every number links to the row of the archive that it was "
        r"computed from.}}"
        r"\end{center}"
    )


def _place(body: _Body, placed: str, ledger: Ledger, figures: Sequence[PaperFigure]) -> None:
    kind, _, key = placed.partition(":")
    if kind == "table":
        if key in ledger.tables:
            body.part(placed, TABLES[key](ledger).dumps())
        return
    for figure in figures:
        if figure.key == key or (key == "template" and figure.of_template):
            body.part(f"figure:{figure.key}", _figure(figure, ledger))


def _figure(figure: PaperFigure, ledger: Ledger, position: str = "tbp") -> str:
    drawn = Figure(position=position)
    drawn.add_image(
        f"figures/{figure.file.name}",
        width=NoEscape(r"0.92\linewidth"),
        placement=NoEscape(r"\centering"),
    )
    caption = tex(figure.caption) if figure.of_template else ledger.prose(figure.caption)
    drawn.add_caption(NoEscape(caption))
    drawn.append(Command("label", NoEscape(f"fig:{figure.key}")))
    return str(drawn.dumps())


def _cost_text(ledger: Ledger) -> str:
    environment = ledger.book.campaign.environment
    on = " on {{ setting('platform') }}" if environment.get("platform") else ""
    worked = ""
    if ledger.book.campaign.worked_s > 0:
        worked = (
            "Processes worked on it, training and scoring included, for {{ cost('work_time') }}."
        )
    models = ""
    if environment.get("models") or ledger.book.campaign.settings.get("models"):
        models = " The models of the search were {{ setting('models') }}."
    return ledger.prose(
        "The campaign began on {{ setting('began') }} with seed {{ setting('seed') }}"
        f"{on}. {worked}{models} {{{{ table('cost') }}}} has what language models cost, for the "
        "whole search and for this paper."
    )


def _bibliography(ledger: Ledger) -> str:
    entries = [f"\\bibitem{{{key}}} {latex}" for key, latex in ledger.library.latex(ledger.cited)]
    if not entries:
        return "%"
    listed = "\n".join(entries)
    return (
        "{\\small\\sloppy\n\\begin{thebibliography}{99}\n\\setlength{\\itemsep}{3pt}\n"
        f"{listed}\n\\end{{thebibliography}}\n}}"
    )


def _code(ledger: Ledger) -> str:
    experiment, code = ledger.book.spec.experiment, ledger.book.candidate.code
    words = "The source of {{ name('candidate') }}:"
    if experiment is not None:
        # Runs edit what earlier ones edited, and undo it: a reader wants what is left of that.
        edited = apply_edits(experiment.files, parse_edits(code), fixed=experiment.fixed)
        words = "What the edits of {{ name('candidate') }} change in the experiment, together:"
        code = difference(experiment.files, edited)
    return f"{ledger.prose(words)}\n{code_block(code)}"


def _provenance(ledger: Ledger, figures: Sequence[PaperFigure]) -> str:
    words = (
        "Each line is a fact that the paper shows, with what it was computed from. Evaluations are "
        "given by candidate, effort, tasks and seeds."
    )
    return f"{words}\n\n{provenance_block(ledger.facts, figures)}"


def part_at(latex: str, line: int) -> str | None:
    """Name of the part that holds a line of the document, counted from 1; None outside of all."""
    for found in _MARK.finditer(latex):
        first = latex.count("\n", 0, found.start()) + 1
        if first <= line <= latex.count("\n", 0, found.end()) + 1:
            return found["name"]
    return None
