"""Curves of runs over their steps, with what their seeds leave open, for figures of templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

__all__ = ["Curve", "Details", "curves_of", "draw_curve"]

_SHOWN = 3
# Of two seeds Student's interval is thirteen times their standard error.
_BANDED = 3
_COLORS = ("#0072B2", "#D55E00", "#009E73")
_KNOWN_COLOR = "0.45"
_KNOWN_STYLES = ("--", ":", "-.")

Details: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""What is kept of each seed of a run, by the name of who was run."""


@dataclass(frozen=True)
class Curve:
    """One run and how it is drawn: its name, details of its seeds, a color and a line style."""

    name: str
    seeds: Sequence[Mapping[str, Any]]
    color: str
    style: str


def curves_of(candidates: Details, baselines: Details) -> list[Curve]:
    """What is drawn: the first three candidates in color, then three known ones in gray."""
    shown = zip(list(candidates.items())[:_SHOWN], _COLORS, strict=False)
    known = zip(baselines.items(), _KNOWN_STYLES, strict=False)
    return [
        *(Curve(name, seeds, color, "-") for (name, seeds), color in shown),
        *(Curve(name, seeds, _KNOWN_COLOR, style) for (name, seeds), style in known),
    ]


def draw_curve(
    axes: Axes, curve: Curve, part: str, limits: tuple[float, float] | None = None
) -> None:
    """Draw the mean over seeds, and its 95 % interval (Student's t) from three seeds on.

    Args:
        axes: Where to.
        curve: Whose seeds have ``steps`` and ``part`` in their details, ``[checkpoints]`` each;
            seeds with other steps than the first are left out.
        part: Which detail is drawn.
        limits: Values that the interval cannot leave; None for none.
    """
    steps = curve.seeds[0]["steps"]
    values = np.array([seed[part] for seed in curve.seeds if seed["steps"] == steps])
    mean = values.mean(axis=0)
    axes.plot(steps, mean, color=curve.color, linestyle=curve.style, label=curve.name)
    if len(values) < _BANDED:
        return
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    half = stats.t.ppf(0.975, len(values) - 1) * error
    low, high = limits or (-np.inf, np.inf)
    axes.fill_between(
        steps,
        np.clip(mean - half, low, high),
        np.clip(mean + half, low, high),
        color=curve.color,
        alpha=0.2,
        linewidth=0,
    )
