"""Value and gradient of candidates over a grid, against the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agent.archive import Archive, CandidateRecord
from agent.report.vector import INK, as_label, as_math_label, drawing_style

__all__ = ["Curve", "curve_of", "curves_figure"]


@dataclass(frozen=True)
class Curve:
    """A candidate's function on a grid: all arrays are ``[points]``.

    Values are shifted to 0 at the middle of the grid, and value and gradient are divided by the
    root mean square of the gradient: neither changes the direction in which a policy learns.
    """

    name: str
    x: NDArray[np.float64]
    value: NDArray[np.float64]
    gradient: NDArray[np.float64]
    x_label: str


def curve_of(archive: Archive, candidate: CandidateRecord) -> Curve | None:
    """What the inspection recorded of a candidate; None where it recorded no usable curve."""
    for record in archive.evaluations(candidate.id, effort="inspect"):
        detail: Any = record.detail
        try:
            x, value, gradient = (
                np.asarray(detail[name], dtype=np.float64) for name in ("x", "value", "gradient")
            )
        except KeyError:
            continue
        if not (x.ndim == 1 and x.size > 1 and x.shape == value.shape == gradient.shape):
            continue
        scale = float(np.sqrt(np.mean(gradient[np.isfinite(gradient)] ** 2)))
        if not np.isfinite(scale) or scale == 0:
            continue
        middle = value[int(np.argmin(np.abs(x)))]
        return Curve(
            candidate.name,
            x,
            (value - middle) / scale,
            gradient / scale,
            _x_label(detail),
        )
    return None


def _x_label(detail: Mapping[str, Any]) -> str:
    """What runs along the grid, and what was held fixed."""
    fixed = [
        f"{name} = {value:g}" for name, value in detail.items() if isinstance(value, int | float)
    ]
    label = str(detail.get("x_label", "x"))
    return f"{label} at {', '.join(fixed)}" if fixed else label


def curves_figure(
    shown: Sequence[Curve], baselines: Sequence[Curve], reference: str | None
) -> Figure | None:
    """Draw values on the left and gradients on the right.

    Args:
        shown: Candidates in color, at most seven are drawn.
        baselines: All of them, in gray.
        reference: Name of the baseline that is drawn dashed and named.

    Returns:
        The figure; None where no candidate has a curve.
    """
    if not shown:
        return None
    with drawing_style():
        figure = Figure(figsize=(7.8, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for axes, name in ((left, "value"), (right, "gradient")):
            for curve in baselines:
                is_reference = curve.name == reference
                axes.plot(
                    curve.x,
                    getattr(curve, name),
                    color=INK,
                    lw=1.6 if is_reference else 0.8,
                    ls=(0, (4, 2)) if is_reference else "-",
                    alpha=0.9 if is_reference else 0.22,
                    zorder=3 if is_reference else 1,
                    label=f"{as_label(curve.name)} (baseline)" if is_reference else None,
                )
            if any(curve.name != reference for curve in baselines):
                axes.plot([], [], color=INK, lw=0.8, alpha=0.4, label="other baselines")
            for curve in shown[:7]:
                axes.plot(curve.x, getattr(curve, name), lw=2, label=as_label(curve.name), zorder=4)
            axes.set_xlabel(as_math_label(shown[0].x_label))
            axes.set_title(
                "value, shifted and scaled" if name == "value" else "gradient, scaled", fontsize=10
            )
            _limit(axes, [getattr(curve, name) for curve in (*shown, *baselines)])
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=3)
    return figure


def _limit(axes: Axes, curves: Sequence[NDArray[np.float64]]) -> None:
    """A steep exponential must not flatten everything else."""
    low, high = [], []
    for curve in curves:
        finite = curve[np.isfinite(curve)]
        low.append(finite.min())
        high.append(finite.max())
    bottom, top = float(np.median(low)), float(np.median(high))
    margin = 0.35 * (top - bottom) or 1.0
    axes.set_ylim(
        max(bottom - margin, min(low) - 0.05 * margin), min(top + margin, max(high) + 0.05 * margin)
    )
