"""How a person looks at samples: beside the hidden points that they should look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

__all__ = ["FIGURES", "REFERENCE_BASELINE", "drawn_points"]

REFERENCE_BASELINE = "untouched"
_SHOWN = 3
_SETS = 2

Details = Mapping[str, Sequence[Mapping[str, Any]]]


def drawn_points(candidates: Details, baselines: Details) -> Figure | None:
    """Points that were drawn

    In color, over hidden points of the same seed in gray; lengths are in standard deviations of the
    given points. One row a candidate, known experiments last.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for known experiments.
    """
    shown = [(name, seeds, "#0072B2") for name, seeds in list(candidates.items())[:_SHOWN]]
    shown += [(name, seeds, "#D55E00") for name, seeds in list(baselines.items())[:1]]
    if not shown:
        return None
    figure = Figure(figsize=(2.6 * _SETS, 2.6 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), _SETS, squeeze=False)
    for row, (name, seeds, color) in zip(grid, shown, strict=True):
        # First and last: of different tasks where there are several.
        for axes, seed in zip(row, (seeds[0], seeds[-1]), strict=True):
            hidden, samples = np.array(seed["hidden"]), np.array(seed["samples"])
            axes.scatter(*hidden.T, s=4, color="0.7", label="hidden", linewidths=0)
            axes.scatter(*samples.T, s=3, color=color, label="drawn", linewidths=0)
            axes.set(aspect="equal", title=name)
            axes.locator_params(nbins=5)
            axes.tick_params(labelsize=7)
            # A few samples far away must not hide the rest.
            (x0, y0), (x1, y1) = hidden.min(axis=0), hidden.max(axis=0)
            margin = 0.3 * max(x1 - x0, y1 - y0)
            axes.set(xlim=(x0 - margin, x1 + margin), ylim=(y0 - margin, y1 + margin))
    for row in grid:
        row[0].set_ylabel("y (standard deviations)", fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("x (standard deviations)", fontsize=8)
    grid[0][0].legend(fontsize=7, markerscale=2)
    return figure


FIGURES = (drawn_points,)
