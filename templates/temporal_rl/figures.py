"""How a person looks at temporal objectives: learning, pressure over training, heat maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

__all__ = [
    "CURVE_FIGURES",
    "FIGURES",
    "REFERENCE_BASELINE",
    "heat_maps",
    "learning_curves",
    "over_training",
    "pressure",
    "responses",
]

Details = Mapping[str, Sequence[Mapping[str, Any]]]
Curves = Mapping[str, Mapping[str, Any]]
Floats = NDArray[np.float64]

REFERENCE_BASELINE = "ppo"
"""The baseline that a report compares curves with."""

_PPO = (REFERENCE_BASELINE, "adam")

# Okabe and Ito's palette, told apart by all common kinds of color vision; black is for PPO.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MAPPED = 2
_FLAT = 1e-6


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Learning curves.

    Normalised return (0 is a random policy, 1 is PPO at the end) at ten points of training on the
    tasks of the search: means over seeds, with 95 % bands for the candidates and PPO.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    tasks = _tasks(candidates, baselines)
    if not tasks:
        return None
    figure = Figure(figsize=(3.1 * len(tasks), 3.3), layout="constrained")
    for axes, task in zip(np.atleast_1d(figure.subplots(1, len(tasks))), tasks, strict=True):
        for name, look, band in _looks(candidates, baselines):
            of = [d for d in {**baselines, **candidates}[name] if d["task"] == task]
            if of:
                steps = np.asarray(of[0]["steps"], np.float64) / 1000
                _line(axes, steps, np.array([d["curve"] for d in of]), name, look, band)
        axes.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        axes.set_title(task, fontsize=10)
        axes.set_xlabel("environment steps (thousands)")
    figure.axes[0].set_ylabel("normalised return")
    _legend(figure)
    return figure


def over_training(candidates: Details, baselines: Details) -> Figure | None:
    """What training looks like.

    Measured over training, averaged over tasks and seeds: entropy of the policy, share of samples
    whose probability ratio is further from 1 than epsilon, and how far a rollout's updates take the
    policy from the one that acted.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    if not _tasks(candidates, baselines):
        return None
    figure = Figure(figsize=(9.3, 3.1), layout="constrained")
    shown = (
        ("entropy", "entropy (nats)"),
        ("beyond_clip", "share beyond epsilon"),
        ("divergence", "divergence (nats)"),
    )
    for axes, (field, label) in zip(figure.subplots(1, 3), shown, strict=True):
        for name, look, band in _looks(candidates, baselines):
            of = {**baselines, **candidates}[name]
            values = np.array([d[field] for d in of])
            times = (np.arange(values.shape[1]) + 0.5) / values.shape[1]
            _line(axes, times, values, name, look, band)
        axes.set_title(label, fontsize=10)
        axes.set_xlabel("t = n / N")
    _legend(figure)
    return figure


def pressure(candidates: Curves, baselines: Curves) -> Figure | None:
    """Clip range, entropy bonus and learning rate over training.

    Read off the functions themselves, at the horizon of the search. Left: the ratios between which
    a sample is still pushed with at least a tenth of its force at r = 1, up for an advantage of +1
    and down for -1; a line that is missing means no bound within a factor of five. Middle: what one
    nat of entropy is worth. Right: the factor of the learning rate.

    Args:
        candidates: Curves of each candidate, by name.
        baselines: The same for what is known.
    """
    everyone = {**baselines, **candidates}
    if not any("pressure" in of for of in candidates.values()):
        return None
    figure = Figure(figsize=(9.3, 3.1), layout="constrained")
    clip, entropy, rate = figure.subplots(1, 3)
    for name, look, _ in _looks(candidates, baselines):
        of = everyone[name].get("pressure")
        if of is None:
            continue
        for side in ("upper", "lower"):
            bounds = np.array([np.nan if x is None else x for x in of[side]], np.float64)
            clip.plot(of["times"], bounds, **look, label=name if side == "upper" else None)
        entropy.plot(of["times"], of["entropy"], **look)
        rate.plot(of["times"], of["learning_rate"], **look)
    clip.axhline(1.0, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
    for axes, label in (
        (clip, "effective clip range of r"),
        (entropy, "weight of the entropy bonus"),
        (rate, "learning-rate factor"),
    ):
        axes.set_title(label, fontsize=10)
        axes.set_xlabel("t = n / N")
    _legend(figure)
    return figure


def heat_maps(candidates: Curves, baselines: Curves) -> Figure | None:
    """Drift and slope over ratio and advantage, at three times.

    The best candidates and PPO. Shown is what the drift does to the objective r A and to its slope
    in r: blue takes away, red adds, white leaves it as it is.

    Args:
        candidates: Curves of each candidate, by name, the best first.
        baselines: The same for what is known.
    """
    chosen = {name: of for name, of in list(candidates.items())[:_MAPPED] if "surfaces" in of}
    if not chosen:
        return None
    chosen |= {name: of for name, of in baselines.items() if name in _PPO}
    times = next(iter(chosen.values()))["times"]
    figure = Figure(figsize=(10.2, 1.0 + 1.9 * len(chosen)), layout="constrained")
    panels = figure.subplots(len(chosen), 2 * len(times), squeeze=False, sharex=True, sharey=True)
    for row, (name, of) in zip(panels, chosen.items(), strict=True):
        for kind, start in (("value", 0), ("slope", len(times))):
            maps = [_array(surface[kind]) for surface in of["surfaces"]]
            limit = float(np.nanpercentile(np.abs(np.stack(maps)), 98))
            levels = np.linspace(-1.0, 1.0, 16) * (limit if limit > _FLAT else 1.0)
            for place, (time, values) in enumerate(zip(times, maps, strict=True)):
                axes = row[start + place]
                # Filled contours: a page takes figures as lines and areas, not as pixels.
                image = axes.contourf(
                    of["ratios"],
                    of["advantages"],
                    -values,
                    levels,
                    cmap="RdBu_r",
                    extend="both",
                )
                axes.set_xscale("log")
                axes.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
                axes.minorticks_off()
                shown = "$-D$" if kind == "value" else r"$-\partial D / \partial r$"
                axes.set_title(f"{shown}, t = {time:g}", fontsize=9)
            bar = figure.colorbar(image, ax=row[start : start + len(times)], shrink=0.8, aspect=12)
            bar.locator = MaxNLocator(5)
            bar.update_ticks()
        row[0].set_ylabel(f"{name}\nadvantage", fontsize=9)
    for axes in panels[-1]:
        axes.set_xlabel("ratio r", fontsize=9)
    return figure


def responses(candidates: Curves, baselines: Curves) -> Figure | None:
    """How an optimiser answers gradients.

    Left: its steps, in units of the learning rate, where a gradient of .01 turns round after 24
    steps, at the start of training (full line) and at its end (dashed; the same line where time
    does not matter). Middle: the size of a step after 48 random gradients, against theirs. Right:
    the same over training, for gradients of size .01.

    Args:
        candidates: Curves of each candidate, by name.
        baselines: The same for what is known.
    """
    everyone = {**baselines, **candidates}
    if not any("responses" in of for of in candidates.values()):
        return None
    figure = Figure(figsize=(9.3, 3.1), layout="constrained")
    turn, size, training = figure.subplots(1, 3)
    for name, look, _ in _looks(candidates, baselines):
        of = everyone[name].get("responses")
        if of is None:
            continue
        if name in candidates or name in _PPO:
            lines = _array(of["turn"]["steps"])
            for line, style in zip(lines, ("-", "--"), strict=True):
                turn.plot(np.arange(1, len(line) + 1), line, **{**look, "linestyle": style})
        size.loglog(of["size"]["gradient"], _array([of["size"]["step"]])[0], **look, label=name)
        training.plot(of["training"]["times"], _array([of["training"]["step"]])[0], **look)
    for axes in (turn, training):
        axes.set_yscale("symlog", linthresh=1.0)
        axes.yaxis.set_major_formatter(ScalarFormatter())
    for axes, title, label in (
        (turn, "steps for a gradient that turns", "step"),
        (size, "size of the step", "size of the gradient"),
        (training, "size of the step over training", "t = n / N"),
    ):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(label)
    _legend(figure, size)
    return figure


def _tasks(candidates: Details, baselines: Details) -> list[str]:
    found = [d["task"] for of in (*candidates.values(), *baselines.values()) for d in of]
    return list(dict.fromkeys(found))


def _looks(
    candidates: Mapping[str, object], baselines: Mapping[str, object]
) -> list[tuple[str, dict[str, Any], bool]]:
    """Name, line style and whether to draw a band: gray baselines first, PPO, then candidates."""
    styles = cycle(("--", ":", "-."))
    found: list[tuple[str, dict[str, Any], bool]] = []
    for name in sorted(baselines, key=lambda name: name in _PPO):
        if name in _PPO:
            found.append((name, {"color": "black", "linewidth": 1.8, "zorder": 3}, True))
        else:
            look = {"color": "0.6", "linewidth": 1.0, "linestyle": next(styles), "zorder": 1}
            found.append((name, look, False))
    for name, color in zip(candidates, cycle(_COLORS), strict=False):
        if name not in baselines:
            found.append((name, {"color": color, "linewidth": 2.0, "zorder": 4}, True))
    return found


def _line(
    axes: Axes, x: Floats, values: Floats, name: str, look: Mapping[str, Any], band: bool
) -> None:
    mean = values.mean(axis=0)
    axes.plot(x, mean, label=name, **look)
    if band and len(values) > 1:
        error = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        axes.fill_between(x, mean - error, mean + error, color=look["color"], alpha=0.15, lw=0)


def _array(rows: Sequence[Sequence[float | None]]) -> Floats:
    return np.array([[np.nan if x is None else x for x in row] for row in rows], np.float64)


def _legend(figure: Figure, axes: Axes | None = None) -> None:
    handles, labels = (axes or figure.axes[0]).get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)


FIGURES: tuple[Callable[[Details, Details], Figure | None], ...] = (learning_curves, over_training)
"""What a report draws of measurements; see `agent.report.template_figures`."""

CURVE_FIGURES: tuple[Callable[[Curves, Curves], Figure | None], ...] = (
    pressure,
    heat_maps,
    responses,
)
"""What a report draws of the functions themselves."""
