"""How a person looks at open-ended training: coverage, novelty, what was chosen when.

Agents are lists of details, one for each generation of a campaign; see `templates.contract.Advance`
for what stands in them. Nothing here imports JAX: the host draws.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from templates.omni.rendering import save_gif
from templates.omni.tasks import NUMBERS

__all__ = [
    "AGENT_FIGURES",
    "animations",
    "chosen_when",
    "coverage_and_novelty",
    "success_by_task_and_time",
]

Agents = Mapping[str, Sequence[Mapping[str, Any]]]
Details = Mapping[str, Sequence[Mapping[str, Any]]]
Floats = NDArray[np.float64]

_LEARNED = 0.2
_ROWS = 40
_TASKS_CHOSEN = 24
_COLOR = "#D55E00"


def coverage_and_novelty(agents: Agents, baselines: Details) -> Figure | None:
    """Coverage and novelty.

    Left: tasks that succeed at least a fifth of the time on maps that were never learned on
    (coverage), and those that ever did. Right: novelty, tasks learned for the first time in a
    generation, and those among them of whose kind (the name without numbers) nothing was learned
    before. Means over agents with 95 % bands; gray is what is known, on the same seeds.

    Args:
        agents: Details of each generation, by agent.
        baselines: Details of the seeds of each baseline, by name.
    """
    count = min(map(len, agents.values()), default=0)
    if not count:
        return None
    histories = [list(of)[:count] for of in agents.values()]
    steps = np.array([one["steps_done"] for one in histories[0]], np.float64) / 1000
    figure = Figure(figsize=(9.3, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, of in baselines.items():
        known = np.asarray(of[0]["steps"], np.float64) / 1000
        found = np.mean([one["learned"] for one in of], axis=0)
        left.plot(known, found, color="0.6", linewidth=0.9, label="_")
        left.annotate(name, (known[-1], found[-1]), fontsize=6, color="0.45", va="center")
    now = np.array([[_covered(one) for one in of] for of in histories], np.float64)
    ever = np.array([[one["ever"] for one in of] for of in histories], np.float64)
    new = np.array([[len(one["new"]) for one in of] for of in histories], np.float64)
    kinds = np.array([_new_kinds(of) for of in histories], np.float64)
    _band(left, steps, now, "learned now", _COLOR, "-")
    _band(left, steps, ever, "ever learned", "#0072B2", "--")
    _band(right, steps, new, "learned for the first time", _COLOR, "-")
    _band(right, steps, kinds, "of a new kind", "#009E73", "--")
    left.set_ylabel("tasks")
    right.set_ylabel("tasks a generation")
    for axes in (left, right):
        axes.set_xlabel("environment steps (thousands)")
        axes.set_ylim(bottom=0.0)
        axes.legend(fontsize=8)
    return figure


def success_by_task_and_time(agents: Agents, baselines: Details) -> Figure | None:
    """Success of each task over time.

    Rows are the tasks that were ever done at least a fifth of the time while learning, those
    learned first at the top; columns are generations, darker is more often: moving average of
    success on the maps that are learned on, mean over the agents that have the task. White is
    where none had it yet.

    Args:
        agents: Details of each generation, by agent.
        baselines: Not drawn.
    """
    count = min(map(len, agents.values()), default=0)
    if not count:
        return None
    names, table = _means(agents, count, "success")
    reached = np.nan_to_num(table) >= _LEARNED
    rows = np.flatnonzero(reached.any(axis=1))
    if not len(rows):
        return None
    first = reached[rows].argmax(axis=1)
    order = rows[np.lexsort((-np.nansum(table[rows], axis=1), first))][:_ROWS]
    figure = Figure(figsize=(9.3, 1.2 + 0.17 * len(order)), layout="constrained")
    axes = figure.subplots()
    shown = np.ma.masked_invalid(table[order])
    mesh = axes.pcolormesh(shown, vmin=0.0, vmax=1.0, cmap="viridis_r")
    _label(axes, [names[row] for row in order], count)
    _vector_bar(figure, mesh, axes, "success")
    return figure


def chosen_when(agents: Agents, baselines: Details) -> Figure | None:
    """What was chosen when.

    How likely each task was drawn at the end of a generation, darker is more often, the tasks that
    were drawn most; a cross where the model called it boring, a dot where it chose or made it. One
    panel an agent. The model's reasons are in the table below.

    Args:
        agents: Details of each generation, by agent.
        baselines: Not drawn.
    """
    agents = {name: of for name, of in agents.items() if of}
    if not agents:
        return None
    count = max(map(len, agents.values()))
    names = _names(agents)
    drawn = {
        agent: np.nan_to_num(_by_name([of], len(of), "chances", names)[0])
        for agent, of in agents.items()
    }
    total = np.sum([table.sum(axis=1) for table in drawn.values()], axis=0)
    order = np.argsort(-total, kind="stable")[:_TASKS_CHOSEN]
    most = max(float(table[order].max()) for table in drawn.values())
    figure = Figure(figsize=(9.3, 4.8), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(agents), sharey=True))
    for axes, (agent, of) in zip(panels, agents.items(), strict=True):
        mesh = axes.pcolormesh(drawn[agent][order], vmin=0.0, vmax=most, cmap="viridis_r")
        for column, one in enumerate(of):
            boring, chosen = _said(one["choice"])
            for row, place in enumerate(order):
                if names[place] in boring:
                    axes.text(column + 0.5, row + 0.5, "×", **_MARK)
                elif names[place] in chosen:
                    axes.text(column + 0.5, row + 0.5, "•", **_MARK)
        axes.set_title(agent, fontsize=9)
        _label(axes, [names[place] for place in order], count)
    _vector_bar(figure, mesh, panels.tolist(), "share of what is drawn")
    return figure


def animations(data: bytes) -> list[tuple[str, bytes]]:
    """Episodes as GIFs.

    Args:
        data: From `templates.omni.curriculum.episodes.packed_episodes`.

    Returns:
        Names of the tasks, and a GIF each.
    """
    found = []
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays, TemporaryDirectory() as folder:
        file = Path(folder) / "episode.gif"
        for place, name in enumerate(arrays["names"]):
            kept = {
                part: arrays[f"{place}_{part}"]
                for part in ("grid", "position", "facing", "inventory")
            }
            states = [
                SimpleNamespace(**{part: array[moment] for part, array in kept.items()})
                for moment in range(len(kept["grid"]))
            ]
            save_gif(states, file, caption=str(name))
            found.append((str(name), file.read_bytes()))
    return found


_MARK: Mapping[str, Any] = {"ha": "center", "va": "center", "fontsize": 6, "color": "#D55E00"}


def _covered(one: Mapping[str, Any]) -> int:
    return sum(rate >= _LEARNED for rate in one["now"])


def _new_kinds(history: Sequence[Mapping[str, Any]]) -> list[int]:
    seen: set[str] = set()
    counts = []
    for one in history:
        kinds = {
            " ".join(word for word in name.split() if word not in NUMBERS) for name in one["new"]
        }
        counts.append(len(kinds - seen))
        seen |= kinds
    return counts


def _said(choice: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """What a choice calls boring, and what it chooses."""
    match choice:
        case {"kind": "labels", "boring": boring}:
            return set(boring), set()
        case {"kind": "matrix", "boring": rows}:
            return {name for row in rows.values() for name in row} - set(rows), set()
        case {"kind": "next", "tasks": tasks}:
            return set(), set(tasks)
        case {"kind": "predicates", "new": new}:
            return set(), set(new)
    return set(), set()


def _names(agents: Agents) -> list[str]:
    """Of all tasks that any agent has or had: proposed ones come into the places of others."""
    tables = (one["tasks"]["names"] for of in agents.values() for one in of)
    return list(dict.fromkeys(name for names in tables for name in names))


def _by_name(
    histories: Sequence[Sequence[Mapping[str, Any]]],
    count: int,
    field: str,
    names: Sequence[str],
) -> Floats:
    """A column of agents' tables: ``[agents, tasks, generations]``, NaN where one has no such."""
    rows = {name: row for row, name in enumerate(names)}
    found = np.full((len(histories), len(rows), count), np.nan)
    for agent, of in enumerate(histories):
        for column, one in enumerate(of[:count]):
            own = [rows[name] for name in one["tasks"]["names"]]
            found[agent, own, column] = one["tasks"][field]
    return found


def _means(agents: Agents, count: int, field: str) -> tuple[list[str], Floats]:
    """Names, and the mean over agents of a column of their tables, ``[tasks, generations]``."""
    names = _names(agents)
    tables = _by_name([list(of) for of in agents.values()], count, field, names)
    have = ~np.isnan(tables)
    total = np.where(have, tables, 0.0).sum(axis=0)
    return names, np.where(have.any(axis=0), total / np.maximum(have.sum(axis=0), 1), np.nan)


def _band(axes: Any, x: Floats, values: Floats, label: str, color: str, style: str) -> None:
    mean = values.mean(axis=0)
    axes.plot(x, mean, color=color, linestyle=style, linewidth=1.8, label=label)
    if len(values) > 1:
        error = 1.96 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        axes.fill_between(x, mean - error, mean + error, color=color, alpha=0.15, lw=0)


def _label(axes: Any, names: Sequence[str], count: int) -> None:
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=6.5)
    step = max(1, count // 8)
    axes.set_xticks(np.arange(0, count, step) + 0.5, range(1, count + 1, step), fontsize=7)
    axes.set_xlabel("generation")
    axes.set_xlim(0, count)
    axes.set_ylim(len(names), 0)
    axes.grid(visible=False)


def _vector_bar(figure: Figure, mesh: Any, axes: Any, label: str) -> None:
    bar = figure.colorbar(mesh, ax=axes, label=label, shrink=0.7)
    # Matplotlib makes a picture of many small patches otherwise.
    if bar.solids is not None:
        bar.solids.set_rasterized(False)


AGENT_FIGURES: tuple[Callable[[Agents, Details], Figure | None], ...] = (
    coverage_and_novelty,
    success_by_task_and_time,
    chosen_when,
)
"""What a report draws of agents; see `agent.report.curriculum`."""
