"""How a person looks at curricula: learning, what is drawn when, the technology tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from templates.omni.curriculum.figures import AGENT_FIGURES as _OF_AGENTS
from templates.omni.curriculum.figures import animations
from templates.omni.technology import ACHIEVEMENTS, prerequisites

__all__ = [
    "AGENT_FIGURES",
    "CURVE_FIGURES",
    "FIGURES",
    "REFERENCE_BASELINE",
    "animations",
    "drawn_by_stage",
    "drawn_over_training",
    "learning_curves",
    "success_by_task",
    "technology_tree",
]

Details = Mapping[str, Sequence[Mapping[str, Any]]]
Curves = Mapping[str, Mapping[str, Any]]
Floats = NDArray[np.float64]

REFERENCE_BASELINE = "uniform"
"""The baseline that a report compares curves with."""

# Okabe and Ito's palette, told apart by all common kinds of color vision; black is for uniform.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_KINDS = {
    "interesting": "#009E73",
    "repeat": "#E69F00",
    "compound": "#56B4E9",
    "synonym": "#CC79A7",
    "proposed": "#0072B2",
    "impossible": "#999999",
}
_SHOWN = 3


def learning_curves(candidates: Details, baselines: Details) -> Figure | None:
    """Learning curves.

    On the tasks of the search and on maps that were never learned on: success, the mean over all
    possible tasks, and how many of them succeed at least a fifth of the time. Means over seeds,
    with 95 % bands for the candidates and uniform.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    everyone = {**baselines, **candidates}
    if not everyone:
        return None
    figure = Figure(figsize=(9.3, 3.4), layout="constrained")
    for axes, field, label in zip(
        figure.subplots(1, 2), ("curve", "learned"), ("success", "tasks learned"), strict=True
    ):
        for name, look, band in _looks(candidates, baselines):
            of = everyone[name]
            steps = np.asarray(of[0]["steps"], np.float64) / 1000
            _line(axes, steps, np.array([d[field] for d in of], np.float64), name, look, band)
        axes.set_xlabel("environment steps (thousands)")
        axes.set_ylabel(label)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def success_by_task(candidates: Details, baselines: Details) -> Figure | None:
    """Success of each interesting task over training.

    Rows are the fifteen achievements of the technology tree, columns points of training, darker is
    more often; means over seeds, on maps that were never learned on.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    chosen = _chosen(candidates, baselines)
    if not chosen:
        return None
    figure = Figure(figsize=(1.6 + 2.5 * len(chosen), 3.9), layout="constrained")
    for axes, (name, of) in zip(
        np.atleast_1d(figure.subplots(1, len(chosen), sharey=True)), chosen.items(), strict=True
    ):
        table = np.mean([d["interesting"] for d in of], axis=0).T
        mesh = axes.pcolormesh(table, vmin=0.0, vmax=1.0, cmap="viridis_r")
        axes.set_title(name, fontsize=9)
        axes.set_xticks(
            [0.5, table.shape[1] - 0.5], [_thousands(of[0]["steps"][place]) for place in (0, -1)]
        )
        axes.set_yticks(np.arange(len(table)) + 0.5, of[0]["names"], fontsize=7)
        axes.invert_yaxis()
    bar = figure.colorbar(mesh, ax=figure.axes, label="success", shrink=0.8)
    # Matplotlib makes a picture of many small patches otherwise.
    if bar.solids is not None:
        bar.solids.set_rasterized(False)
    return figure


def drawn_over_training(candidates: Details, baselines: Details) -> Figure | None:
    """What was drawn when.

    Share of each kind of task among those that were drawn, over training: means over seeds.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    chosen = _chosen(candidates, baselines)
    if not chosen:
        return None
    everyone = [d for of in chosen.values() for d in of]
    figure = Figure(figsize=(1.2 + 2.5 * len(chosen), 3.0), layout="constrained")
    for axes, (name, of) in zip(
        np.atleast_1d(figure.subplots(1, len(chosen), sharey=True)), chosen.items(), strict=True
    ):
        steps = np.asarray(of[0]["steps"], np.float64) / 1000
        kinds = [kind for kind in _KINDS if any(kind in d["drawn"][-1] for d in everyone)]
        parts = [
            np.mean([[p.get(kind, 0.0) for p in d["drawn"]] for d in of], axis=0) for kind in kinds
        ]
        axes.stackplot(steps, parts, labels=kinds, colors=[_KINDS[kind] for kind in kinds])
        axes.set_title(name, fontsize=9)
        axes.set_ylim(0.0, 1.0)
        axes.set_xlabel("steps (thousands)")
    figure.axes[0].set_ylabel("share of what is drawn")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8)
    return figure


def technology_tree(candidates: Details, baselines: Details) -> Figure | None:
    """The technology tree with what is learned.

    Each achievement with its success at the end of training, in per cent (mean over seeds), and
    arrows from what it takes; columns are how many achievements must come before.

    Args:
        candidates: Details of the seeds of each candidate, by name.
        baselines: The same for what is known.
    """
    chosen = _chosen(candidates, baselines)
    if not chosen:
        return None
    figure = Figure(figsize=(9.3, 2.6 * len(chosen)), layout="constrained")
    places = _places()
    for axes, (name, of) in zip(
        np.atleast_1d(figure.subplots(len(chosen), 1)), chosen.items(), strict=True
    ):
        final = np.mean([d["interesting"][-1] for d in of], axis=0)
        success = dict(zip(of[0]["names"], final, strict=True))
        for one in ACHIEVEMENTS:
            for needed in prerequisites(one):
                axes.annotate(
                    "",
                    places[one.name],
                    places[needed],
                    arrowprops={"arrowstyle": "-|>", "color": "0.75", "shrinkA": 12, "shrinkB": 12},
                )
        for achievement, place in places.items():
            share = float(success[achievement])
            axes.text(
                *place,
                f"{achievement}\n{100 * share:.0f} %",
                ha="center",
                va="center",
                fontsize=6.5,
                color="white" if share >= 0.5 else "black",
                bbox={
                    "boxstyle": "round",
                    "facecolor": (1 - share, 1 - 0.38 * share, 1 - 0.55 * share),
                    "edgecolor": "0.6",
                },
            )
        depth = max(x for x, _ in places.values())
        axes.set_xlim(-0.6, depth + 0.6)
        axes.set_ylim(-0.7, max(y for _, y in places.values()) + 0.7)
        axes.set_title(name, fontsize=9)
        axes.axis("off")
    return figure


def drawn_by_stage(candidates: Curves, baselines: Curves) -> Figure | None:
    """What a sampler draws in the same situations.

    Share of interesting tasks among what is drawn in five made-up states of training, from the
    first moment, when little was ever done, to the end. Read off the functions themselves.

    Args:
        candidates: Curves of each candidate, by name.
        baselines: The same for what is known.
    """
    everyone = {name: of for name, of in {**baselines, **candidates}.items() if "shares" in of}
    if not any(name in everyone for name in candidates):
        return None
    figure = Figure(figsize=(9.3, 3.2), layout="constrained")
    for axes, kind in zip(
        figure.subplots(1, 3, sharey=True), ("interesting", "repeat", "impossible"), strict=True
    ):
        for name, look, _ in _looks(candidates, baselines):
            if name in everyone:
                of = everyone[name]
                axes.plot(of["stages"], of["shares"][kind], label=name, **look)
        axes.set_title(kind, fontsize=10)
        axes.set_xlabel("t")
    figure.axes[0].set_ylabel("share of what is drawn")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _places() -> dict[str, tuple[float, float]]:
    """Where each achievement stands: as far right as it has achievements before it in a row."""
    depth: dict[str, int] = {}
    by_name = {one.name: one for one in ACHIEVEMENTS}

    def depth_of(name: str) -> int:
        if name not in depth:
            needed = prerequisites(by_name[name])
            depth[name] = 1 + max((depth_of(one) for one in needed), default=-1)
        return depth[name]

    columns: dict[int, list[str]] = {}
    for name in by_name:
        columns.setdefault(depth_of(name), []).append(name)
    tallest = max(map(len, columns.values()))
    return {
        name: (float(column), tallest - 1 - row - (tallest - len(names)) / 2)
        for column, names in columns.items()
        for row, name in enumerate(names)
    }


def _chosen(candidates: Details, baselines: Details) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The first candidates, then uniform; two more of what is known where there is no candidate."""
    shown = dict(list(candidates.items())[: _SHOWN - 1])
    if not shown:
        others = [name for name in baselines if name != REFERENCE_BASELINE]
        shown = {name: baselines[name] for name in others[: _SHOWN - 1]}
    if REFERENCE_BASELINE in baselines:
        shown[REFERENCE_BASELINE] = baselines[REFERENCE_BASELINE]
    return shown


def _looks(
    candidates: Mapping[str, object], baselines: Mapping[str, object]
) -> list[tuple[str, dict[str, Any], bool]]:
    """Name, line style and whether to draw a band: baselines first, then candidates."""
    styles = cycle(("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1))))
    found: list[tuple[str, dict[str, Any], bool]] = []
    for name in sorted(baselines, key=lambda name: name == REFERENCE_BASELINE):
        if name == REFERENCE_BASELINE:
            found.append((name, {"color": "black", "linewidth": 1.8, "zorder": 3}, True))
        else:
            look = {"color": "0.55", "linewidth": 1.1, "linestyle": next(styles), "zorder": 1}
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


def _thousands(steps: int) -> str:
    return f"{steps / 1000:,.0f}k"


FIGURES: tuple[Callable[[Details, Details], Figure | None], ...] = (
    learning_curves,
    technology_tree,
    success_by_task,
    drawn_over_training,
)
"""What a report draws of measurements; see `agent.report.template_figures`."""

CURVE_FIGURES: tuple[Callable[[Curves, Curves], Figure | None], ...] = (drawn_by_stage,)
"""What a report draws of the functions themselves."""


def tree_of_agents(agents: Details, baselines: Details) -> Figure | None:
    """The technology tree with what is learned by now.

    Each achievement with its success at the last point that was judged, in per cent (mean over
    agents), and arrows from what it takes.

    Args:
        agents: Details of each generation, by agent.
        baselines: Not drawn.
    """
    last = [of[-1] for of in agents.values() if of]
    return technology_tree({"all agents": last}, {}) if last else None


AGENT_FIGURES: tuple[Callable[[Details, Details], Figure | None], ...] = (
    *_OF_AGENTS,
    tree_of_agents,
)
"""What a report draws of agents that go on from generation to generation."""
