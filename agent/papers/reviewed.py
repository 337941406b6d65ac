"""Has a finished paper reviewed by language models, and tells the archive what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.archive import Archive, CandidateRecord
from agent.reviewing import ReviewPlan, review_file, review_record

__all__ = ["ModelPaperReviewer"]


class ModelPaperReviewer:
    """The ensemble of ``discover review``; its calls are in ``reviews.db``.

    What it says goes beside the candidate too, so that later prompts of its campaign show it.

    Args:
        archive: Of the candidate.
        models: Who reviews.
        plan: How.
        home: Where ``reviews.db`` lies.
        notify: Told in one line what happens.
    """

    def __init__(
        self,
        archive: Archive,
        models: Sequence[str],
        plan: ReviewPlan,
        *,
        home: Path,
        notify: Callable[[str], None],
    ) -> None:
        self.name = f"{plan.reviewers} x {', '.join(models)}"
        self._archive = archive
        self._models = tuple(models)
        self._plan = plan
        self._home = home
        self._notify = notify

    def review(
        self, pdf: Path, candidate: CandidateRecord, budget_usd: float | None
    ) -> Mapping[str, Any]:
        """See `agent.papers.stages.PaperReviewer`."""
        session = review_file(
            pdf,
            self._models,
            self._plan,
            home=self._home,
            budget_usd=budget_usd,
            notify=self._notify,
        )
        record = review_record(candidate.id, session.verdict)
        if record not in self._archive.reviews(candidate.id):
            self._archive.add_review(record)
        return {
            **record.payload,
            "text": record.text,
            "session": session.id,
            "calls": session.calls,
            "cost_usd": session.cost_usd,
        }
