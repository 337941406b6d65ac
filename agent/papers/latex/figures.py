"""The figures of a paper: vector PDF, colours that colour-blind readers tell apart, intervals."""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from agent.archive import CandidateRecord
from agent.evaluation.statistics import Estimate
from agent.papers.claims.book import FactBook
from agent.report.curves_figure import curve_of, curves_figure
from agent.report.progress_figure import progress_figure
from agent.report.template_figures import (
    DrawnFigure,
    curve_figures,
    curves_of,
    details_of,
    load_figures,
    template_figures,
)
from agent.report.vector import as_label, drawing_style

__all__ = ["PaperFigure", "draw_figures"]

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/): proposals are blue.
BLUE, VERMILLION, GRAY = "#0072B2", "#D55E00", "#6b6b6b"
_SAVING: Any = {
    "pdf.fonttype": 42,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
}
_MOST_NAMES = 24
_REACH = 2.0


@dataclass(frozen=True)
class PaperFigure:
    """A figure in its file.

    Args:
        key: By which the text points at it.
        file: The PDF.
        caption: Text of the closed language.
        digest: SHA-256 of the file.
        of_template: Whether the template drew it.
    """

    key: str
    file: Path
    caption: str
    digest: str
    of_template: bool = False


def draw_figures(book: FactBook, folder: Path) -> list[PaperFigure]:
    """Draw all figures that the archive has data for.

    Args:
        book: The facts.
        folder: Where the files go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[tuple[str, Figure | None, str, bool]] = []
    with drawing_style():
        drawn.append(("scores", *_scores(book), False))
        drawn.append(("gains", *_gains(book), False))
    reference = book.best.name if book.best is not None else None
    records = list(book.baselines.values())
    baselines = [one for one in records if one.kind == "baseline"]
    mine = [curve for one in (book.candidate,) if (curve := curve_of(book.archive, one))]
    theirs = [curve for one in baselines if (curve := curve_of(book.archive, one))]
    drawn.append(
        (
            "curves",
            curves_figure(mine, theirs, reference),
            "{{ name('candidate') }} on a grid beside the baselines, evaluated from the "
            "programs that were scored. Values are shifted to zero in the middle, and values and "
            "slopes are divided by the root mean square of the slope: neither changes the "
            "direction in which is learned.",
            False,
        )
    )
    proposals = book.archive.candidates(book.campaign.id, kinds=("proposal",), terminal=True)
    drawn.append(
        (
            "progress",
            progress_figure(proposals, book.best, book.spec.primary),
            "The campaign: every scored proposal and the best so far.",
            False,
        )
    )
    drawn += _of_template(book, baselines)
    return [
        _save(figure, key, caption, of_template, folder)
        for key, figure, caption, of_template in drawn
        if figure is not None
    ]


def _of_template(
    book: FactBook, baselines: Sequence[CandidateRecord]
) -> list[tuple[str, Figure | None, str, bool]]:
    module = load_figures(book.template)
    if module is None:
        return []
    archive, shown = book.archive, [book.candidate]
    found = [
        *template_figures(
            module, details_of(book.scores, shown), details_of(book.scores, baselines)
        ),
        *curve_figures(module, curves_of(archive, shown), curves_of(archive, baselines)),
    ]
    return [(entry.key, entry.figure, _caption(entry), True) for entry in found if not entry.failed]


def _caption(entry: DrawnFigure) -> str:
    """What a template says of its figure, up to sentences with numbers, which link to nothing."""
    said = re.split(r"(?<=[.!?]) ", entry.caption)
    return " ".join(
        [f"{entry.title}.", *(one for one in said if not re.search(r"\d", one))]
    ).strip()


def _save(figure: Figure, key: str, caption: str, of_template: bool, folder: Path) -> PaperFigure:
    file = folder / f"{key}.pdf"
    # It warns of the fixed dates that make a figure's bytes repeatable.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with mpl.rc_context(_SAVING):
        figure.savefig(
            file,
            format="pdf",
            bbox_inches="tight",
            pad_inches=0.02,
            facecolor="white",
            # The same archive gives the same bytes, so a figure can be checked by its digest.
            metadata={"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
        )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return PaperFigure(key, file, caption, digest, of_template)


def _label(book: FactBook, what: str = "") -> str:
    metric = book.spec.primary
    name = f"{what}{metric.title}"
    return f"{name} ({metric.unit})" if metric.unit else name


def _scores(book: FactBook) -> tuple[Figure | None, str]:
    place = book.places["search"]
    found: list[tuple[CandidateRecord, Estimate, str]] = []
    for record in (book.candidate, *book.baselines.values()):
        estimate = book.estimate(record, book.spec.primary, place)
        measured = book.measured(record, place)
        if estimate is not None and measured is not None:
            found.append((record, estimate, measured[0].name))
    if not found:
        return None, ""
    sign = book.spec.primary.direction.sign
    found, beyond = _near(found)
    found = sorted(found, key=lambda one: sign * one[1].value)[-_MOST_NAMES:]
    figure = Figure(figsize=(6.3, 0.9 + 0.24 * len(found)), layout="constrained")
    axes = figure.add_subplot()
    for place_on_axis, (record, estimate, tier) in enumerate(found):
        mine = record.id == book.candidate.id
        color = BLUE if mine else VERMILLION if record.kind == "baseline" else GRAY
        _bar(axes, estimate, place_on_axis, color, "D" if mine else "o", filled=tier == "search")
    axes.set_yticks(range(len(found)), [as_label(record.name, 28) for record, _, _ in found])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(_label(book))
    better = "right" if sign > 0 else "left"
    return figure, (
        "Mean over the seeds of the search with its interval at {{ setting('confidence') }}. "
        "Diamond: {{ name('candidate') }}; circles: baselines, gray for controls. Filled: "
        f"all seeds of the search; open: left the race early. Further {better} is better.{beyond}"
    )


def _near(
    found: list[tuple[CandidateRecord, Estimate, str]],
) -> tuple[list[tuple[CandidateRecord, Estimate, str]], str]:
    """Without controls so far off that the others could not be told apart, and who those are."""
    ends = [
        end
        for record, one, _ in found
        if record.kind != "control"
        for end in (one.low, one.value, one.high)
        if math.isfinite(end)
    ]
    if not ends or min(ends) == max(ends):
        return found, ""
    reach = _REACH * (max(ends) - min(ends))
    low, high = min(ends) - reach, max(ends) + reach
    far = [
        record.name
        for record, one, _ in found
        if record.kind == "control" and not low <= one.value <= high
    ]
    names = ", ".join(f"{{{{ name('{name}') }}}}" for name in far)
    beyond = f" Beyond the axis, which cannot learn: {names}." if far else ""
    return [one for one in found if one[0].name not in far], beyond


def _gains(book: FactBook) -> tuple[Figure | None, str]:
    rows: list[tuple[str, Any, str]] = []
    for name in ("search", "fresh", "held_out", *_held_out(book)):
        place = book.places.get(name)
        if place is None:
            continue
        other = book.best
        if book.confirmation is not None and name != "search":
            over = book.confirmation.gain_over if name == "fresh" else None
            over = over or book.confirmation.held_out_over
            other = None if over is None else book.baselines[over]
        found = None if other is None else book.gain(book.candidate, other, place)
        if found is not None and other is not None:
            rows.append((f"{place.words}\nover {as_label(other.name, 24)}", found[0], name))
    if len(rows) < 2:
        return None, ""
    figure = Figure(figsize=(6.3, 0.9 + 0.42 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for at, (_, estimate, name) in enumerate(reversed(rows)):
        decided = name in ("fresh", "held_out")
        _bar(axes, estimate, at, BLUE if decided else GRAY, "D" if decided else "o")
    axes.axvline(0, color="black", lw=0.8)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in reversed(rows)])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(_label(book, "Paired gain in "))
    return figure, (
        "Paired gain of {{ name('candidate') }} over the baseline that is named at each "
        "place, positive where it is better. Diamonds decide, at "
        "{{ setting('decision_confidence') }}; circles do not, at {{ setting('confidence') }}."
        if book.confirmation is not None
        else "Paired gain of {{ name('candidate') }} over the best baseline, positive where "
        "it is better, at {{ setting('confidence') }}."
    )


def _held_out(book: FactBook) -> list[str]:
    return [name for name in book.places if name not in ("search", "fresh", "held_out")]


def _bar(
    axes: Axes, estimate: Any, place: int, color: str, marker: str, *, filled: bool = True
) -> None:
    error = None
    if estimate.low != -float("inf"):
        error = [[estimate.value - estimate.low], [estimate.high - estimate.value]]
    axes.errorbar(
        [estimate.value],
        [place],
        xerr=error,
        fmt=marker,
        color=color,
        ms=5,
        lw=1.4,
        capsize=2.5,
        mfc=color if filled else "white",
    )
