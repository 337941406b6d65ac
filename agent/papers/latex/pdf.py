"""The last look at a paper: the words and links of the PDF itself."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from agent.papers.claims.rules import Problem
from agent.papers.claims.typeset import plain_of

__all__ = ["check_pdf", "pdf_text"]

_LINKED = re.compile(r"\\(?:prov|who)\{(\d+)\}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def pdf_text(pdf: Path) -> list[str]:
    """The text of each page.

    Raises:
        CandidateError: Never; a file that is no PDF gives no pages.
    """
    try:
        return [page.extract_text() for page in PdfReader(pdf).pages]
    except PyPdfError:
        return []


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
    known = set(_NUMBER.findall(plain_of(latex))) | set(_parts_of_numbers(latex))
    own = {str(number) for number in range(1, len(pages) + 200)}
    for number, count in Counter(_NUMBER.findall(text)).items():
        if number not in known and number not in own:
            problems.append(
                Problem("value", f"the PDF shows {number} ({count}), the text does not")
            )
    return problems + _links(pdf, latex)


def _parts_of_numbers(latex: str) -> list[str]:
    return re.findall(r"\d+", latex)


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
    if annotation.get("/Subtype") != "/Link":
        return None
    action = annotation.get("/A")
    action = action.get_object() if action is not None else {}
    target = annotation.get("/Dest") or action.get("/D")
    return None if target is None or not isinstance(target, str | bytes) else str(target)
