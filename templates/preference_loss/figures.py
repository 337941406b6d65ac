"""How a person looks at preference losses: frontiers, and the loss itself against DPO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from templates.preference_loss.frontier import KL_BUDGETS, hull

__all__ = ["FIGURES", "REFERENCE_BASELINE", "SeedFrontier", "frontier", "loss_curves"]

SeedFrontier: TypeAlias = Mapping[str, object]
"""`SeedResult.detail` of one seed: ``reference_reward`` and ``points``."""

# Okabe and Ito's palette, told apart by all common kinds of color vision; black is for DPO.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_REFERENCE_NAME = "dpo"


def frontier(
    candidates: Mapping[str, Sequence[SeedFrontier]],
    baselines: Mapping[str, Sequence[SeedFrontier]],
) -> Figure:
    """Reward against KL: the mean policy at each beta, and the hull averaged over seeds.

    Args:
        candidates: Details of the seeds of each candidate, by name; drawn in color.
        baselines: The same for known losses; drawn in gray, DPO in black.

    Returns:
        A figure of one panel.
    """
    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    limit = 1.6 * max(KL_BUDGETS)
    grays = cycle(("-", "--", ":", "-."))
    for name, seeds in baselines.items():
        if name == _REFERENCE_NAME:
            _draw(axes, name, seeds, limit, color="black", marker="x", style="-", width=2.0)
        else:
            _draw(axes, name, seeds, limit, color="0.62", marker="", style=next(grays), width=1.1)
    looks = cycle(zip(_COLORS, _MARKERS, strict=True))
    for name, seeds in candidates.items():
        color, marker = next(looks)
        _draw(axes, name, seeds, limit, color=color, marker=marker, style="-", width=2.0, band=True)
    for budget in KL_BUDGETS:
        axes.axvline(budget, color="0.9", linewidth=0.8, zorder=0)
    axes.set_xlim(0.0, limit)
    axes.set_xlabel("KL from the reference (nats per text)")
    axes.set_ylabel("Expected reward (0 to 1)")
    axes.set_title(
        "Reward-KL frontier, mean over seeds. Points: one per beta; vertical lines: KL budgets",
        fontsize=9,
    )
    axes.legend(fontsize=8, ncols=2 if len(baselines) + len(candidates) > 6 else 1)
    _tidy(axes)
    return figure


def loss_curves(curves: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Figure:
    """A loss and its slope as functions of the scaled margin.

    Args:
        curves: By name: scaled margins x = beta * rho, the loss at each, and its derivative. The
            name "dpo" is drawn in black.

    Returns:
        A figure of two panels.
    """
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    looks = cycle(zip(_COLORS, ("-", "--", "-.", ":"), strict=False))
    for name, (x, loss, slope) in curves.items():
        color, style = ("black", "-") if name == _REFERENCE_NAME else next(looks)
        left.plot(x, loss, color=color, linestyle=style, label=name)
        right.plot(x, slope, color=color, linestyle=style, label=name)
    left.set_ylabel("Loss per pair (logarithmic beyond 1)")
    right.set_ylabel("Derivative in x (logarithmic beyond 1)")
    right.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
    for axes in (left, right):
        # exponential losses would otherwise flatten all others
        axes.set_yscale("symlog", linthresh=1.0)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel(r"Scaled margin $x = \beta\rho$ (nats)")
        axes.axvline(0.0, color="0.8", linewidth=0.8, zorder=0)
        _tidy(axes)
    left.legend(fontsize=8)
    return figure


def _draw(
    axes: Axes,
    name: str,
    seeds: Sequence[SeedFrontier],
    limit: float,
    *,
    color: str,
    marker: str,
    style: str,
    width: float,
    band: bool = False,
) -> None:
    grid = np.linspace(0.0, limit, 121)
    curves = np.array([_read(seed, grid) for seed in seeds])
    mean = curves.mean(axis=0)
    axes.plot(grid, mean, color=color, linestyle=style, linewidth=width, label=name)
    if band and len(seeds) > 1:
        error = 1.96 * curves.std(axis=0, ddof=1) / np.sqrt(len(seeds))
        axes.fill_between(grid, mean - error, mean + error, color=color, alpha=0.15, linewidth=0)
    if marker:
        means = _means([_points(seed) for seed in seeds])
        axes.plot(means[:, 0], means[:, 1], color=color, marker=marker, linestyle="", markersize=5)


def _read(seed: SeedFrontier, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    reference = seed["reference_reward"]
    assert isinstance(reference, float)
    points = _points(seed)
    corners = hull([(0.0, reference), *map(tuple, points[np.isfinite(points).all(axis=1)])])
    return np.interp(grid, corners[:, 0], corners[:, 1])


def _points(seed: SeedFrontier) -> NDArray[np.float64]:
    """KL and reward at each beta, ``[betas, 2]``; not a number where training diverged."""
    points = seed["points"]
    assert isinstance(points, Sequence)
    return np.array([[point["kl"], point["reward"]] for point in points], dtype=np.float64)


def _means(seeds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Mean over the seeds that did not diverge, at each beta where there are some."""
    stacked = np.array(seeds)
    found = np.asarray(np.isfinite(stacked).all(axis=2))
    kept = found.any(axis=0)
    total = np.where(found[..., None], stacked, 0.0).sum(axis=0)[kept]
    return np.asarray(total / found.sum(axis=0)[kept, None])


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


FIGURES = (frontier,)
"""What a report draws; see `agent.report.template_figures`."""

REFERENCE_BASELINE = _REFERENCE_NAME
"""The baseline that a report compares curves with."""
