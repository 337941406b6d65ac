"""Matplotlib figures as SVG that can stand inside an HTML page, in light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser

__all__ = ["INK", "as_label", "as_math_label", "drawing_style", "to_svg"]

INK = "#010203"
"""Color of text and axes in a figure; becomes the page's text color."""

_STYLE: Any = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "grid.linewidth": 0.6,
    "axes.linewidth": 0.8,
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "mathtext.fontset": "cm",
    # Readable on white and on near-black alike.
    "axes.prop_cycle": cycler(
        color=["#3b7dd8", "#d9822b", "#2f9e6e", "#b45fc9", "#d64550", "#8a7a2f", "#3aa6b9"]
    ),
    # Letters as outlines: the page must not depend on fonts of the reader's machine.
    "svg.fonttype": "path",
}
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_SIZE = re.compile(r'<svg ([^>]*?)width="([\d.]+)pt" height="([\d.]+)pt"')


@contextmanager
def drawing_style() -> Iterator[None]:
    """Within it, Matplotlib draws in the report's look."""
    with mpl.rc_context(_STYLE):
        yield


def as_label(name: str, length: int = 32) -> str:
    """A name as Matplotlib shows it: a model's words must not be math or vanish from a legend."""
    line = " ".join(name.split()).replace("$", r"\$")
    line = line if len(line) <= length else line[: length - 1].rstrip("\\ ") + "…"
    return f"\u200b{line}" if line.startswith("_") else line


def as_math_label(text: str) -> str:
    """A template's label, which may hold math between dollar signs, where it can be set."""
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return as_label(text, 60)
    return text


def to_svg(figure: Figure, key: str, *, tight: bool = True) -> Markup:
    """The figure as an ``<svg>`` element without any reference to the outside.

    Args:
        figure: What to draw; drawn within `drawing_style`.
        key: Distinguishes the identifiers inside from those of other figures on the page.
        tight: Cut the margins.
    """
    out = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure.savefig(
            out,
            format="svg",
            bbox_inches="tight" if tight else None,
            pad_inches=0.03,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    text = out.getvalue()
    text = _METADATA.sub("", text[text.index("<svg") :])
    # Black is what a template draws with that does not know of dark pages.
    text = text.replace(INK, "currentColor").replace("#000000", "currentColor")
    # Identifiers are unique within a figure only.
    text = re.sub(r'id="([^"]+)"', rf'id="{key}-\1"', text)
    text = re.sub(r'(xlink:href="#|url\(#)([^")]+)', rf"\1{key}-\2", text)
    text = _SIZE.sub(r'<svg \1width="\2pt" data-height="\3pt" aria-hidden="true"', text, count=1)
    return Markup(text)
