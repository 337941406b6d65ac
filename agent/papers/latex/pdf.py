"""The last look at a paper: the words and links of the PDF itself."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream, NameObject

from agent.papers.claims.problem import Problem
from agent.papers.claims.typeset import plain_of

__all__ = ["check_pdf", "pdf_text"]

_LINKED = re.compile(r"\\(?:prov|who)\{(\d+)\}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DIGEST = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8,64}\b|\b[0-9a-f]{16,64}\b")
# Numbers of sections, pages, tables, figures and publications.
_COUNTED = 99


def pdf_text(pdf: Path) -> list[str]:
    """The text of each page, that of included figures left out; none of what is no PDF."""
    try:
        reader = PdfReader(pdf)
        return [_without_figures(page, reader).extract_text() for page in reader.pages]
    except PyPdfError:
        return []


def _without_figures(page: PageObject, reader: PdfReader) -> PageObject:
    content = page.get_contents()
    if content is not None:
        stream = ContentStream(content, reader)
        stream.operations = [one for one in stream.operations if one[1] != b"Do"]
        page[NameObject("/Contents")] = stream
    return page


def check_pdf(pdf: Path, latex: str) -> list[Problem]:
    """Whether the PDF shows the numbers of the LaTeX that was checked, each one linked.

    Args:
        pdf: The file.
        latex: The document that it was made from, checked already.
    """
    pages = pdf_text(pdf)
    if not pages:
        return [Problem("pdf", "the file cannot be read as a PDF")]
    problems = []
    text = "\n".join(pages)
    if "??" in text:
        problems.append(Problem("pointer", "a reference in the PDF leads nowhere (??)"))
    known = _numbers(latex) | {str(number) for number in range(1, _COUNTED + 1)}
    for number, count in Counter(_NUMBER.findall(_DIGEST.sub(" ", text))).items():
        if number not in known:
            said = f"the PDF shows {number} ({count} times), the text that was checked does not"
            problems.append(Problem("value", said))
    return problems + _links(pdf, latex)


def _numbers(latex: str) -> set[str]:
    """Numbers of a document, whole and as a line break may leave them."""
    plain = plain_of(latex)
    whole = plain.replace(r"\allowbreak{}", "")
    return {*_NUMBER.findall(plain), *_NUMBER.findall(whole), *re.findall(r"\d+", plain)}


def _links(pdf: Path, latex: str) -> list[Problem]:
    reader = PdfReader(pdf)
    named = set(reader.named_destinations)
    leads: Counter[str] = Counter()
    problems = []
    for page in reader.pages:
        for annotation in page.get("/Annots") or ():
            name = _destination(annotation.get_object())
            if name is None:
                continue
            leads[name] += 1
            if name not in named:
                problems.append(Problem("pointer", f"a link of the PDF leads nowhere: {name}"))
    for number, count in Counter(_LINKED.findall(latex)).items():
        # A number that is broken over two lines has two links.
        if leads[f"prov:{number}"] < count:
            problems.append(
                Problem("value", f"row {number} is shown {count} times, linked {leads[number]}")
            )
    return problems


def _destination(annotation: Any) -> str | None:
    """Name that a link leads to inside the file; None for a link to the outside."""
    if annotation.get("/Subtype") != "/Link":
        return None
    action = annotation.get("/A")
    action = {} if action is None else action.get_object()
    target = annotation.get("/Dest") or action.get("/D")
    if isinstance(target, bytes):
        return target.decode("latin-1")
    return str(target) if isinstance(target, str) else None
