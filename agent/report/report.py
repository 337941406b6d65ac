"""Writes ``report.html`` of a campaign."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent import wording
from agent.archive import Archive, CandidateRecord, ReviewRecord
from agent.evaluation.statistics import alpha_spent
from agent.loading import template_of
from agent.report.curriculum import curriculum_view
from agent.report.curves_figure import curve_of, curves_figure
from agent.report.dependence import Dependence, dependences
from agent.report.formula import Formula, typeset
from agent.report.held_out import TaskResult, held_out_results
from agent.report.progress_figure import progress_figure
from agent.report.scores import ScoreBook
from agent.report.summary import Row, Summary, summary
from agent.report.template_figures import (
    curve_figures,
    curves_of,
    details_of,
    load_figures,
    template_figures,
)
from agent.report.vector import to_svg
from templates.registry import Template

__all__ = ["write_report"]

# How many proposals are shown in full and drawn besides discoveries.
_SHOWN = 5
_DRAWN = 4


@dataclass(frozen=True)
class _Shown:
    """A candidate with everything the page says of it."""

    candidate: CandidateRecord
    row: Row | None
    formula: Formula | None
    parents: tuple[CandidateRecord, ...]
    reviews: tuple[ReviewRecord, ...]
    attempts: int
    tasks: tuple[TaskResult, ...]
    dependences: tuple[Dependence, ...]


@dataclass(frozen=True)
class _Figure:
    title: str
    caption: str
    svg: Markup


def write_report(archive: Archive, campaign_id: str, home: Path) -> Path:
    """Write the report of a campaign, finished or not.

    Args:
        archive: The archive; nothing else is read but the template's specification and figures.
        campaign_id: Identifier, a unique beginning of it, or ``latest``.
        home: Where output lands; the report goes to ``<home>/<campaign>/report.html``.

    Returns:
        The file. It is replaced in one step, so a reader never sees half of it.

    Raises:
        UserError: There is no such campaign, or its template cannot be loaded.
    """
    found = summary(archive, campaign_id)
    template = template_of(found.campaign)
    text = _render(_page(archive, found, template))
    folder = home / found.campaign.id
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".report.html.{os.getpid()}"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / "report.html")
    return folder / "report.html"


def _render(page: dict[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("agent.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("duration", "interval", "money", "number", "signed_interval"):
        environment.globals[name] = getattr(wording, name)
    return environment.get_template("page.html.jinja").render(page)


def _page(archive: Archive, found: Summary, template: Template) -> dict[str, Any]:
    book = ScoreBook(archive, found.campaign, found.spec)
    rows = {row.candidate.id: row for row in found.rows}
    ranked = [row.candidate for row in found.rows if row.candidate.kind == "proposal"]
    others = [record for record in ranked if not record.is_discovery][:_SHOWN]
    confirmed = [entry.candidate for entry in found.confirmations]
    baselines = archive.candidates(found.campaign.id, kinds=("baseline", "control"))
    campaign = found.campaign
    ended = campaign.finished_at
    # Generations of a curriculum are one candidate that goes on: shown as such.
    goes_on = found.spec.curriculum is not None
    others = [] if goes_on else others
    scored = archive.candidates(campaign.id, kinds=("baseline",))
    curriculum = curriculum_view(book, template, load_figures(template), scored)
    drawn = curriculum.figures if curriculum is not None else ()
    return {
        "curriculum": curriculum,
        "agent_figures": [
            _Figure(entry.title, entry.caption, to_svg(entry.figure, f"agents-{entry.key}"))
            for entry in drawn
        ],
        "found": found,
        "campaign": campaign,
        "spec": found.spec,
        "metric": found.metric,
        "began": campaign.created_at.astimezone(UTC),
        "wall_s": None if ended is None else (ended - campaign.created_at).total_seconds(),
        "environment": campaign.environment,
        "settings": campaign.settings,
        "discoveries": [_shown(book, record, rows) for record in found.discoveries],
        "others": [_shown(book, record, rows) for record in others],
        "unconfirmed": [
            _shown(book, record, rows) for record in confirmed if not record.is_discovery
        ],
        "baselines": [_shown(book, record, rows) for record in baselines],
        "figures": _figures(book, found, template, [*found.discoveries, *others][:_DRAWN]),
        "progress": _progress(archive, found),
        "scale": _scale(found.rows),
        "answered_by": _answered_by(archive, found),
        "alpha": _alpha(found),
        "discovery_rule": _discovery_rule(found),
    }


def _shown(book: ScoreBook, record: CandidateRecord, rows: dict[str, Row]) -> _Shown:
    archive = book.archive
    return _Shown(
        candidate=record,
        row=rows.get(record.id),
        formula=typeset(record.closed_form) if record.closed_form else None,
        parents=tuple(archive.candidate(parent) for parent in record.parents),
        reviews=tuple(archive.reviews(record.id)),
        attempts=len(archive.attempts(record.id)),
        tasks=held_out_results(book, record),
        dependences=dependences(book, record),
    )


def _figures(
    book: ScoreBook,
    found: Summary,
    template: Template,
    highlighted: Sequence[CandidateRecord],
) -> list[_Figure]:
    """What the template draws, then the functions themselves against the baselines."""
    archive = book.archive
    baselines = archive.candidates(found.campaign.id, kinds=("baseline",))
    module = load_figures(template)
    figures = []
    if module is not None:
        drawn = [
            *template_figures(module, details_of(book, highlighted), details_of(book, baselines)),
            *curve_figures(module, curves_of(archive, highlighted), curves_of(archive, baselines)),
        ]
        figures = [
            _Figure(entry.title, entry.caption, to_svg(entry.figure, entry.key)) for entry in drawn
        ]
    reference = getattr(module, "REFERENCE_BASELINE", None)
    if reference is None and found.best_baseline is not None:
        reference = found.best_baseline.name
    curves = curves_figure(
        [curve for record in highlighted if (curve := curve_of(archive, record))],
        [curve for record in baselines if (curve := curve_of(archive, record))],
        reference,
    )
    if curves is not None:
        figures.append(
            _Figure(
                f"Value and gradient against {reference}" if reference else "Value and gradient",
                "The proposed functions on a grid, evaluated from the very programs that were "
                "scored. Values are shifted to 0 in the middle and everything is divided by the "
                "root mean square of the gradient, since neither changes the direction in which "
                "is learned.",
                to_svg(curves, "curves"),
            )
        )
    return figures


def _progress(archive: Archive, found: Summary) -> Markup | None:
    proposals = archive.candidates(found.campaign.id, kinds=("proposal",), terminal=True)
    figure = progress_figure(proposals, found.best_baseline, found.metric)
    return None if figure is None else to_svg(figure, "progress")


def _scale(rows: Sequence[Row]) -> tuple[float, float]:
    """The range that the interval bars of the ranking span."""
    ends = [
        end
        for row in rows
        for end in (row.candidate.score_low, row.candidate.score, row.candidate.score_high)
        if end is not None
    ]
    if not ends:
        return 0.0, 1.0
    margin = 0.03 * (max(ends) - min(ends)) or 0.5
    return min(ends) - margin, max(ends) + margin


def _answered_by(archive: Archive, found: Summary) -> list[str]:
    """Names under which the providers answered."""
    return sorted(
        {call.model for call in archive.model_calls(found.campaign.id) if call.completion}
    )


def _alpha(found: Summary) -> float | None:
    """The chance of any false discovery; the first confirmation spends a known share of it."""
    if not found.confirmations:
        return None
    return round((1 - found.confirmations[0].gain.confidence) / alpha_spent(1, 0.5) * 0.5, 6)


def _discovery_rule(found: Summary) -> str:
    confirm = found.spec.tier("confirm")
    rule = f"is better than every confirmed baseline on {confirm.seeds} fresh seeds"
    if found.spec.held_out_tasks and confirm.held_out_seeds:
        rule += (
            f" and on the {len(found.spec.held_out_tasks)} held-out tasks "
            f"({confirm.held_out_seeds} seeds each, the tasks together)"
        )
    return rule
