"""How a person looks at packings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Circle

__all__ = ["FIGURES", "packings"]

_SHOWN = 4


def packings(
    candidates: Mapping[str, Sequence[Mapping[str, Any]]],
    baselines: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Figure:
    """The best packing of each script

    As the verifier left it, over all seeds of the search.

    Args:
        candidates: Details of the seeds of each candidate, by name; drawn in color.
        baselines: The same for known scripts; drawn in gray.
    """
    shown = [(name, seeds, "#0072B2") for name, seeds in list(candidates.items())[:_SHOWN]]
    shown += [(name, seeds, "0.6") for name, seeds in list(baselines.items())[:_SHOWN]]
    figure = Figure(figsize=(2.4 * max(1, len(shown)), 2.8), layout="constrained")
    for place, (name, seeds, color) in enumerate(shown, start=1):
        axes = figure.add_subplot(1, len(shown), place)
        best = max(seeds, key=lambda seed: sum(seed["radii"]))
        for (x, y), radius in zip(best["centres"], best["radii"], strict=True):
            axes.add_patch(Circle((x, y), radius, facecolor=color, alpha=0.5, edgecolor="black"))
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
        axes.set_title(f"{name}\n{sum(best['radii']):.4f}", fontsize=8)
    return figure


FIGURES = (packings,)
