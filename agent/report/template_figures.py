"""Figures that a template draws of its own measurements."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from matplotlib.figure import Figure

from agent.archive import Archive, CandidateRecord
from agent.report.vector import as_label, drawing_style
from templates.registry import Template

__all__ = ["DrawnFigure", "Measured", "load_figures", "measured", "template_figures"]


@dataclass(frozen=True)
class Measured:
    """One candidate as a template's figures see it.

    Args:
        name: How it is labelled.
        role: ``baseline``, ``control``, ``proposal`` or ``discovery``.
        details: The ``detail`` of each of its results, with ``task`` and ``seed`` added.
    """

    name: str
    role: str
    details: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class DrawnFigure:
    """A figure with its caption."""

    key: str
    title: str
    caption: str
    figure: Figure


def measured(
    archive: Archive, candidate: CandidateRecord, efforts: Sequence[str], tasks: Sequence[str]
) -> Measured:
    """What the archive holds of a candidate on these efforts and tasks."""
    return Measured(
        name=as_label(candidate.name),
        role="discovery" if candidate.is_discovery else candidate.kind,
        details=[
            {**record.detail, "task": record.task, "seed": record.seed}
            for effort in efforts
            for record in archive.evaluations(candidate.id, effort)
            if record.task in tasks
        ],
    )


def load_figures(template: Template) -> ModuleType | None:
    """The template's ``figures.py``; None where it has none.

    It lists functions in ``FIGURES``. Each takes the candidates (see `Measured`) and returns a
    Matplotlib figure, or None where there is nothing to draw; the first line of its docstring is
    the title, the rest the caption. ``REFERENCE_BASELINE`` may name the baseline that everything
    is drawn against. It must not import JAX: it runs in the host.
    """
    file = template.path / "figures.py"
    if not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"figures_of_{template.spec.name}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def template_figures(module: ModuleType, candidates: Sequence[Measured]) -> list[DrawnFigure]:
    """Let a template draw.

    Args:
        module: From `load_figures`.
        candidates: What to draw.
    """
    drawn = []
    functions: Sequence[Callable[[Sequence[Measured]], Figure | None]] = module.FIGURES
    for function in functions:
        with drawing_style():
            figure = function(candidates)
        if figure is not None:
            title, _, caption = (function.__doc__ or function.__name__).strip().partition("\n")
            name = function.__name__.replace("_", "-")
            drawn.append(DrawnFigure(name, title.rstrip("."), " ".join(caption.split()), figure))
    return drawn
