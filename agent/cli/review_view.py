"""The part of ``discover review`` that reviews a paper, and how the form is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from agent.cli.home import home_of
from agent.cli.output import console, emit_json, plain, shorten
from agent.llm.catalog import DEFAULT_LOCAL
from agent.reviewing import ReviewPlan, ReviewSession, review_file, setup_name
from agent.wording import money
from reviewers.paper import SCALES
from templates.errors import UserError

__all__ = ["run_review"]

_NAME_LENGTH = 32


def run_review(
    file: Path,
    models: Sequence[str],
    *,
    reviewers: int,
    reflections: int,
    calibration: Path | None,
    known_as: str | None,
    budget_usd: float | None,
    seed: int,
    home: Path | None,
    as_json: bool,
    notify: Callable[[str], None],
) -> None:
    """Review a file and print the form.

    Args:
        file: The paper.
        models: Who reviews.
        reviewers: How many reviews.
        reflections: Second looks of each.
        calibration: A saved calibration.
        known_as: Whom of the calibration's reviewers the reviews are taken for.
        budget_usd: Limit on the cost.
        seed: Of the sampling.
        home: Where the archive of reviews lies.
        as_json: Print one object.
        notify: Told what happens.

    Raises:
        UserError: Something given cannot be used.
        CandidateError: No model gave a valid form.
        InfrastructureError: A provider stayed down.
    """
    plan = ReviewPlan(reviewers=reviewers, reflections=reflections, seed=seed)
    if known_as is not None and calibration is None:
        raise UserError("--as names a reviewer of a calibration: give --calibration FILE as well")
    apply = None if calibration is None else _Applied(calibration, known_as)
    if apply is not None:
        # Told now, not after minutes of reviewing.
        apply.check(models, plan)
    session = review_file(
        file, models, plan, home=home_of(home), budget_usd=budget_usd, notify=notify
    )
    found = _described(session, file)
    found["probability"] = None if apply is None else apply.probability(session)
    if as_json:
        emit_json(found)
    else:
        _print(found)


class _Applied:
    """A calibration, and whom the reviews are taken for."""

    def __init__(self, path: Path, known_as: str | None) -> None:
        from reviewers.calibration import load_calibration

        self._path = path
        self._known_as = known_as
        self._model, self._provenance = load_calibration(path)

    def check(self, models: Sequence[str], plan: ReviewPlan) -> None:
        if self._known_as is not None:
            if len(set(models)) > 1:
                raise UserError("--as stands for one reviewer: give one --model")
            self._model.require_known((self._known_as,))
            return
        # As models call themselves once they are open.
        full = [f"local:{DEFAULT_LOCAL}" if name == "local" else name for name in models]
        seats = Counter(full[seat % len(full)] for seat in range(plan.reviewers))
        self._model.require_known(
            tuple(setup_name(name, plan.reflections, count) for name, count in seats.items())
        )

    def probability(self, session: ReviewSession) -> dict[str, Any]:
        numbers = session.verdict.by_setup(session.plan)
        if self._known_as is not None:
            numbers = {self._known_as: next(iter(numbers.values()))}
        value = self._model.probability(self._model.arrange(numbers))
        return {
            "value": value.value,
            "interval": {"low": value.low, "high": value.high},
            "accepts": value.value >= self._model.threshold,
            "threshold": self._model.threshold,
            "taken_for": list(numbers),
            "calibration": {
                "file": self._path,
                "source": self._provenance.source,
                "sha256": self._provenance.sha256,
                "papers": self._provenance.papers,
            },
        }


def _described(session: ReviewSession, file: Path) -> dict[str, Any]:
    verdict = session.verdict
    return {
        "id": session.id,
        "file": file,
        "sha256": session.sha256,
        "format": session.document.format,
        "title": session.document.title,
        **verdict.review.to_json(),
        "reviews": [
            {
                "model": member.model,
                "review": None if member.review is None else member.review.to_json(),
                "before_second_looks": None if member.first is None else member.first.to_json(),
                "shortened": member.shortened,
                "not_shown": member.dropped,
                "fault": member.fault,
            }
            for member in verdict.members
        ],
        "meta_review": None if verdict.chair is None else verdict.chair.to_json(),
        "setups": list(verdict.by_setup(session.plan)),
        "removed": verdict.removed,
        "notes": list(verdict.notes),
        "calls": session.calls,
        "cost_usd": session.cost_usd,
        "archive": session.archive,
    }


def _print(found: dict[str, Any]) -> None:
    from agent.cli.tables import facts_table, plain_table

    out = console()
    out.print(plain(found["title"] or str(found["file"])), style="bold")
    words: list[tuple[str, str | Text]] = [("summary", plain(found["summary"]))]
    for name in ("strengths", "weaknesses", "questions", "limitations"):
        words.append((name, "\n".join(f"- {plain(one)}" for one in found[name])))
    out.print(facts_table([*words, ("ethics", "to be looked at" * found["ethical_concerns"])]))
    given = [one for one in found["reviews"] if one["review"] is not None]
    seats = [
        f"{number}. {shorten(one['model'], _NAME_LENGTH)}" for number, one in enumerate(given, 1)
    ]
    table = plain_table("", "mean", *seats, right=["mean", *seats])
    for name, (low, high) in SCALES.items():
        table.add_row(
            f"{name} ({low}–{high})",
            f"{found[name]:.2f}",
            *(f"{one['review'][name]:g}" for one in given),
        )
    table.add_row("decision", found["decision"], *(one["review"]["decision"] for one in given))
    out.print(table)
    chance = found["probability"]
    if chance is not None:
        bounds = chance["interval"]
        source = chance["calibration"]
        out.print(
            f"probability of acceptance {chance['value']:.2f} "
            f"[{bounds['low']:.2f}, {bounds['high']:.2f}], taken for "
            f"{', '.join(chance['taken_for'])} of {source['source']} ({source['papers']} papers)"
        )
    if found["removed"]:
        parts = ", ".join(f"{kind} ({count})" for kind, count in found["removed"].items())
        out.print(f"taken out before reading: {parts}")
    for note in found["notes"]:
        out.print(f"note: {plain(note)}")
    out.print(f"{found['calls']} calls, {money(found['cost_usd'])}; kept as {found['id']}")
