"""LaTeX formulas as SVG, or as their source where it cannot be set."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from agent.report.vector import drawing_style, to_svg

__all__ = ["Formula", "FormulaPart", "typeset"]

_MAX_CHARACTERS = 1200
_CASES = re.compile(r"\\begin\{cases\}(.*?)\\end\{cases\}", re.DOTALL)
_ROW = re.compile(r"\s*\\\\\s*")
_FONT_SIZE = 15


@dataclass(frozen=True)
class FormulaPart:
    """A stretch of a formula: one drawing, or the rows of a case distinction.

    ``rows`` holds (value, word, condition); the condition is None in the last row.
    """

    svg: Markup | None
    rows: tuple[tuple[Markup, str, Markup | None], ...] = ()


@dataclass(frozen=True)
class Formula:
    """A formula for a page.

    Args:
        latex: Its source.
        parts: Left to right; empty where it could not be set, then the source is shown.
    """

    latex: str
    parts: tuple[FormulaPart, ...]


class _UnsettableError(ValueError):
    """Matplotlib's mathtext does not know something that occurs in the formula."""


def typeset(latex: str) -> Formula:
    """Set a formula with Matplotlib's mathtext; case distinctions become rows.

    Args:
        latex: Math without dollar signs, written by anybody.

    Returns:
        The formula; without parts where mathtext cannot set it.
    """
    source = latex.strip()
    if len(source) > _MAX_CHARACTERS or "$" in source:
        return Formula(source, ())
    try:
        return Formula(source, tuple(_parts(source)))
    except _UnsettableError:
        return Formula(source, ())


def _parts(source: str) -> list[FormulaPart]:
    parts = []
    position = 0
    for match in _CASES.finditer(source):
        if match[1].count(r"\begin"):
            raise _UnsettableError("case distinctions in case distinctions")
        parts += _plain(source[position : match.start()])
        parts.append(FormulaPart(None, tuple(_row(text) for text in _ROW.split(match[1].strip()))))
        position = match.end()
    return parts + _plain(source[position:])


def _plain(source: str) -> list[FormulaPart]:
    return [FormulaPart(_draw(source))] if source.strip() else []


def _row(text: str) -> tuple[Markup, str, Markup | None]:
    value, _, condition = text.partition("&")
    word = re.match(r"\s*\\text\{([a-z ]*)\}\s*", condition)
    rest = condition[word.end() :] if word else condition
    return (
        _draw(value),
        word[1].strip() if word else "",
        _draw(rest) if rest.strip() else None,
    )


@functools.lru_cache(maxsize=512)
def _draw(source: str) -> Markup:
    with drawing_style():
        figure = Figure(figsize=(0.01, 0.01))
        figure.text(0, 0, f"${source.strip()}$", fontsize=_FONT_SIZE)
        key = "f" + hashlib.sha256(source.encode()).hexdigest()[:10]
        try:
            return to_svg(figure, key)
        except ValueError as error:  # what mathtext raises on anything it does not know
            raise _UnsettableError(str(error)) from error
