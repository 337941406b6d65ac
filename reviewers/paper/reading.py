"""From a file to a paper: PDF through pypdf, LaTeX, Markdown and plain text."""

from __future__ import annotations

import logging
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from reviewers.paper.document import Document, Section
from reviewers.paper.inputs import join_inputs
from reviewers.paper.sections import latex_sections, line_sections
from templates.errors import UserError

if TYPE_CHECKING:
    from pypdf import PageObject

__all__ = ["read_paper"]

_FEWEST_CHARACTERS = 200
_LATEX_TITLE = re.compile(r"\\title\s*(?:\[[^\]]*\])?\{((?:[^{}]|\{[^{}]*\})*)\}")
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_DIGITS = re.compile(r"\d+")
# Lines of a page's edge that may be its running head or foot.
_EDGE = 2


def read_paper(path: Path) -> Document:
    """Read a paper.

    Args:
        path: A PDF, a LaTeX file (files that it inputs from its own folder are read too; the notes
            of the document name those that are missing), or text.

    Raises:
        UserError: There is no such file, it cannot be read, is empty or encrypted, or holds hardly
            any text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"the paper {path} cannot be read: {error}") from error
    if not data.strip():
        raise UserError(f"the paper {path} is empty: give the file with its text")
    if data[:1024].lstrip().startswith(b"%PDF"):
        document = _read_pdf(path)
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path} is neither a PDF nor text in UTF-8: {error.reason} at byte {error.start}"
            ) from error
        is_latex = path.suffix.lower() == ".tex" or "\\begin{document}" in text
        document = _read_latex(path, text) if is_latex else _read_text(text)
    length = sum(len(section.text) for section in document.sections)
    if length < _FEWEST_CHARACTERS and document.format == "pdf":
        raise UserError(
            f"{path} holds hardly any text; a scanned paper must go through character recognition "
            "first"
        )
    if length < _FEWEST_CHARACTERS:
        missing = "".join(f"; {note}" for note in document.notes)
        raise UserError(
            f"{path} is too short to review: {length} characters of text below the title, and "
            f"{_FEWEST_CHARACTERS} are the least; give the whole paper{missing}"
        )
    return document


def _read_text(text: str) -> Document:
    sections = line_sections(text)
    first = sections[0] if sections else None
    if first is None:
        return Document("text", "", ())
    # In Markdown the title is the first heading; in plain text it is the first line.
    if text.lstrip().startswith("# "):
        return Document("text", first.heading, (Section("", first.text), *sections[1:]))
    title, _, rest = first.text.partition("\n")
    if first.heading:
        return Document("text", "", sections)
    return Document("text", title.strip(), (Section("", rest.strip()), *sections[1:]))


def _read_latex(path: Path, text: str) -> Document:
    text, notes = join_inputs(path, text)
    title = _LATEX_TITLE.search(text)
    body = _BODY.search(text)
    return Document(
        "latex",
        "" if title is None else " ".join(title[1].replace("\\\\", " ").split()),
        latex_sections(text if body is None else body[1]),
        notes,
    )


def _read_pdf(path: Path) -> Document:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    # It logs what is odd about a file; what makes it unreadable is raised as well.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UserError(f"{path} is encrypted: save it without a password first")
        title = _largest(reader.pages[0]) if reader.pages else ""
        pages = [page.extract_text() for page in reader.pages]
    except (PyPdfError, OSError, ValueError, KeyError, RecursionError) as error:
        raise UserError(f"{path} is not a PDF that can be read: {error}") from error
    text = "\n".join(_without_edges(pages))
    # A word that was divided at the end of a line is one word.
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    sections = line_sections(text)
    if title and sections and not sections[0].heading:
        first = sections[0].text
        words = r"\s+".join(map(re.escape, title.split()))
        kept = re.sub(words, "", first, count=1).strip()
        sections = (Section("", kept), *sections[1:])
    return Document("pdf", title, sections)


def _largest(page: PageObject) -> str:
    """The text in the largest letters of a page: on the first one, the title."""
    sized: list[tuple[float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: object, size: float) -> None:
        if text.strip():
            # The matrices scale the font: [a b c d e f], of which d is the height.
            height = abs(size * (tm[3] or tm[1]) * (cm[3] or cm[1]))
            sized.append((round(height, 1), text))

    page.extract_text(visitor_text=visit)
    if not sized:
        return ""
    sizes = Counter[float]()
    for height, text in sized:
        sizes[height] += len(text)
    largest = max(height for height, _ in sized)
    # A paper in one size has no title that could be told from its letters.
    if largest <= 1.05 * sizes.most_common(1)[0][0]:
        return ""
    return " ".join(" ".join(text for height, text in sized if height == largest).split())


def _without_edges(pages: list[str]) -> list[str]:
    """Pages without running heads, feet, page numbers and the line numbers of drafts."""
    split = [[line.rstrip() for line in page.splitlines() if line.strip()] for page in pages]
    counts = Counter(
        _DIGITS.sub("#", line.strip())
        for lines in split
        for line in {*lines[:_EDGE], *lines[-_EDGE:]}
    )
    kept = []
    for lines in split:
        body = [
            line
            for number, line in enumerate(lines)
            if not (
                (number < _EDGE or number >= len(lines) - _EDGE)
                and len(split) > 1
                and counts[_DIGITS.sub("#", line.strip())] > max(1, len(split) // 2)
            )
        ]
        numbered = sum(bool(re.match(r"\d{3}\s", line)) for line in body)
        if body and numbered > 0.5 * len(body):
            body = [re.sub(r"^\d{3}\s+", "", line) for line in body]
        kept.append("\n".join(line for line in body if not _DIGITS.fullmatch(line.strip())))
    return kept
