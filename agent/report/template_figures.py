"""Figures that a template draws of its own measurements."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from agent.archive import Archive, CandidateRecord
from agent.evaluation.seeds import jobs_of
from agent.report.scores import ScoreBook
from agent.report.vector import as_label, drawing_style
from templates.registry import Template

__all__ = [
    "Curves",
    "Details",
    "DrawnFigure",
    "agent_figures",
    "curve_figures",
    "curves_of",
    "details_of",
    "load_figures",
    "template_figures",
]

Details: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""By name of a candidate, the ``detail`` of each of its results."""

Curves: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By name of a candidate, what `templates.contract.FunctionCore.curves` gave."""


@dataclass(frozen=True)
class DrawnFigure:
    """A figure with its caption.

    Args:
        key: Unique among the figures of a template.
        title: A few words.
        caption: What it shows.
        figure: The drawing; says what went wrong where that failed.
        failed: What went wrong, in one line.
    """

    key: str
    title: str
    caption: str
    figure: Figure
    failed: str = ""


def details_of(book: ScoreBook, candidates: Sequence[CandidateRecord]) -> Details:
    """The details of each candidate's results in the search; without those that have none.

    Fresh seeds are left out: they would mix what was chosen on with what was not.
    """
    tier = book.spec.tier("search")
    wanted = set(jobs_of(book.spec, tier, book.campaign.seed))
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for candidate in candidates:
        details = [
            record.detail
            for record in book.archive.evaluations(candidate.id, tier.effort)
            if (record.task, record.seed) in wanted
        ]
        if details:
            label = as_label(candidate.name)
            found[label if label not in found else f"{label} {candidate.id}"] = details
    return found


def curves_of(archive: Archive, candidates: Sequence[CandidateRecord]) -> Curves:
    """What the inspection recorded of each candidate's function; without those that have none."""
    found: dict[str, Mapping[str, Any]] = {}
    for candidate in candidates:
        records = archive.evaluations(candidate.id, effort="inspect")
        if records:
            label = as_label(candidate.name)
            name = label if label not in found else f"{label} {candidate.id}"
            found[name] = records[0].detail
    return found


def load_figures(template: Template) -> ModuleType | None:
    """The template's ``figures.py``; None where it has none.

    It lists functions in ``FIGURES``, each called as ``function(candidates, baselines)`` with
    `Details` of both. They return a Matplotlib figure, or None where there is nothing to draw; the
    first line of the docstring is the title, what follows up to ``Args:`` the caption. Functions
    listed in ``CURVE_FIGURES`` are called in the same way with `Curves` of both.
    ``REFERENCE_BASELINE`` may name the baseline that everything is compared with. The module must
    not import JAX: it runs in the host. A file that cannot be loaded has one figure that says why.
    """
    file = template.path / "figures.py"
    if not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"figures_of_{template.spec.name}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001  whatever a template's author got wrong
        return _broken(module.__name__, error)
    return module


def _broken(name: str, error: Exception) -> ModuleType:
    def figures(candidates: Any, baselines: Any) -> Figure | None:
        """Figures of the template"""
        raise error

    module = ModuleType(name)
    vars(module)["FIGURES"] = (figures,)
    return module


def template_figures(
    module: ModuleType, candidates: Details, baselines: Details
) -> list[DrawnFigure]:
    """Let a template draw.

    Args:
        module: From `load_figures`.
        candidates: What was proposed.
        baselines: What was known.
    """
    return _drawn(getattr(module, "FIGURES", ()), candidates, baselines)


def curve_figures(module: ModuleType, candidates: Curves, baselines: Curves) -> list[DrawnFigure]:
    """Let a template draw the functions themselves.

    Args:
        module: From `load_figures`.
        candidates: What was proposed.
        baselines: What was known.
    """
    return _drawn(getattr(module, "CURVE_FIGURES", ()), candidates, baselines)


def agent_figures(module: ModuleType, agents: Details, baselines: Details) -> list[DrawnFigure]:
    """Let a template draw agents that go on from generation to generation.

    Args:
        module: From `load_figures`; functions listed in ``AGENT_FIGURES`` are called.
        agents: Details of each generation, in order, by agent.
        baselines: What was known.
    """
    return _drawn(getattr(module, "AGENT_FIGURES", ()), agents, baselines)


def _drawn(
    functions: Sequence[Callable[[Any, Any], Figure | None]],
    candidates: Mapping[str, Any],
    baselines: Mapping[str, Any],
) -> list[DrawnFigure]:
    drawn: list[DrawnFigure] = []
    if not candidates and not baselines:
        return drawn
    for function in functions:
        title, _, rest = (function.__doc__ or function.__name__).strip().partition("\n")
        caption = " ".join(rest.partition("Args:")[0].split())
        name = function.__name__.replace("_", "-")
        failed = ""
        with drawing_style():
            try:
                figure = function(candidates, baselines)
            except Exception as error:  # noqa: BLE001  a report outweighs a figure of it
                failed = f"{type(error).__name__}: {error}"
                caption = f"{function.__name__} in figures.py of the template failed: {failed}"
                figure = _notice(caption)
        if figure is not None:
            drawn.append(DrawnFigure(name, title.rstrip("."), caption, figure, failed))
    return drawn


def _notice(words: str) -> Figure:
    figure = Figure(figsize=(6.3, 0.8))
    text = "\n".join(textwrap.wrap(words, 80)[:3])
    figure.text(0.5, 0.5, text, ha="center", va="center", parse_math=False)
    return figure
