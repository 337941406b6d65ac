"""How a person looks at runs: nats per hidden character over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
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
    """Nats per hidden character during the run

    Mean over the seeds of the search, with its 95 % interval (Student's t) from three seeds on.
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
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, seeds, color, style in shown:
        steps = seeds[0]["steps"]
        curves = np.array([seed["nats"] for seed in seeds if seed["steps"] == steps])
        mean = curves.mean(axis=0)
        axes.plot(steps, mean, color=color, linestyle=style, label=name)
        if len(curves) >= _BANDED:
            error = curves.std(axis=0, ddof=1) / np.sqrt(len(curves))
            half = stats.t.ppf(0.975, len(curves) - 1) * error
            axes.fill_between(steps, mean - half, mean + half, color=color, alpha=0.2, linewidth=0)
    axes.set(xlabel="step", ylabel="nats per hidden character")
    axes.legend(fontsize=7)
    return figure


FIGURES = (learning_curves,)
