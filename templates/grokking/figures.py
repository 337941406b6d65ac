"""How a person looks at runs: accuracy on what is known and on what is hidden, over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

__all__ = ["FIGURES", "REFERENCE_BASELINE", "learning_curves"]

REFERENCE_BASELINE = "untouched"
_SHOWN = 3
# Of two seeds Student's interval is thirteen times their standard error.
_BANDED = 3
_COLORS = ("#0072B2", "#D55E00", "#009E73")

Details = Mapping[str, Sequence[Mapping[str, Any]]]


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Accuracy during the run

    Mean over the seeds of the search, with its 95 % interval (Student's t) from three seeds on; on
    the left pairs that the experiment was given, on the right pairs whose results it never sees.
    Known experiments are gray.

    Args:
        candidates: Details of the seeds of each candidate, by name; drawn in color.
        baselines: The same for known experiments; drawn in gray.
    """
    shown = [
        (name, seeds, color, "-")
        for (name, seeds), color in zip(list(candidates.items())[:_SHOWN], _COLORS, strict=False)
    ]
    shown += [
        (name, seeds, "0.45", style)
        for (name, seeds), style in zip(baselines.items(), ("--", ":", "-."), strict=False)
    ]
    if not shown:
        return None
    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, part, title in ((left, "known", "given pairs"), (right, "hidden", "hidden pairs")):
        for name, seeds, color, style in shown:
            _band(axes, seeds, part, name, color, style)
        axes.set(xlabel="step", title=title, ylim=(0, 1.02))
    left.set_ylabel("accuracy")
    right.legend(fontsize=7, loc="lower right")
    return figure


def _band(
    axes: Axes,
    seeds: Sequence[Mapping[str, Any]],
    part: str,
    name: str,
    color: str,
    style: str,
) -> None:
    steps = seeds[0]["steps"]
    curves = np.array([seed[part] for seed in seeds if seed["steps"] == steps])
    mean = curves.mean(axis=0)
    axes.plot(steps, mean, color=color, linestyle=style, label=name)
    if len(curves) >= _BANDED:
        error = curves.std(axis=0, ddof=1) / np.sqrt(len(curves))
        half = stats.t.ppf(0.975, len(curves) - 1) * error
        axes.fill_between(
            steps,
            np.clip(mean - half, 0, 1),
            np.clip(mean + half, 0, 1),
            color=color,
            alpha=0.2,
            linewidth=0,
        )


FIGURES = (learning_curves,)
