"""Best score against the number of proposals."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from agent.archive import CandidateRecord
from agent.report.vector import INK, as_label, drawing_style
from templates.contract import Metric

__all__ = ["progress_figure"]


def progress_figure(
    proposals: Sequence[CandidateRecord], baseline: CandidateRecord | None, metric: Metric
) -> Figure | None:
    """Draw every scored proposal, the best so far, and what came to nothing.

    Args:
        proposals: In the order in which they were made.
        baseline: The best one, drawn as a line with its interval.
        metric: What the scores are.

    Returns:
        The figure; None where there is no proposal.
    """
    if not proposals:
        return None
    best = max if metric.direction.sign > 0 else min
    with drawing_style():
        figure = Figure(figsize=(7.2, 3.1))
        axes = figure.add_subplot()
        axes.grid(axis="x", visible=False)
        places: list[int] = []
        so_far: list[float] = []
        unscored: list[int] = []
        for place, record in enumerate(proposals, start=1):
            if record.score is None:
                unscored.append(place)
                continue
            places.append(place)
            so_far.append(best([record.score, *so_far[-1:]]))
        if baseline is not None and baseline.score is not None:
            axes.axhline(baseline.score, color=INK, lw=1, ls=(0, (5, 3)), zorder=1)
            axes.annotate(
                f"best baseline: {as_label(baseline.name)}",
                (1.0, baseline.score),
                xycoords=("axes fraction", "data"),
                xytext=(-4, 4),
                textcoords="offset points",
                ha="right",
                fontsize=9,
            )
            if baseline.score_low is not None and baseline.score_high is not None:
                axes.axhspan(baseline.score_low, baseline.score_high, color=INK, alpha=0.08, lw=0)
        for searched, marker, label in (
            (True, "o", "proposal, all seeds of the search"),
            (False, ".", "proposal, left the race early"),
        ):
            chosen = [
                (place, record.score)
                for place, record in enumerate(proposals, start=1)
                if record.score is not None and (record.stage in ("search", "confirm")) == searched
            ]
            if chosen:
                x, y = zip(*chosen, strict=True)
                axes.plot(x, y, marker, color="#3b7dd8", ms=6, mec="none", label=label)
        if places:
            axes.step(
                [*places, len(proposals)],
                [*so_far, so_far[-1]],
                where="post",
                color="#3b7dd8",
                lw=1.6,
                label="best so far",
            )
        if unscored:
            axes.plot(
                unscored,
                [0.02] * len(unscored),
                "x",
                transform=axes.get_xaxis_transform(),
                color="#d64550",
                ms=5,
                clip_on=False,
                label="no score (invalid, known or a duplicate)",
            )
        axes.set_xlim(0.5, len(proposals) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("proposal")
        axes.set_ylabel(metric.title + (f" ({metric.unit})" if metric.unit else ""))
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2, borderaxespad=0)
    return figure
