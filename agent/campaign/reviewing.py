"""Has every candidate that was searched, and again every one that was confirmed, reviewed."""

from __future__ import annotations

from collections.abc import Sequence

from agent.archive.records import CandidateRecord, EvaluationRecord, ReviewRecord
from agent.campaign.context import Context
from reviewers import CodeReviewer, Measured, Subject

__all__ = ["Reviewing"]


class Reviewing:
    """Asks the code reviewers and keeps what they say; the same question is asked once."""

    def __init__(self, context: Context, reviewers: Sequence[CodeReviewer]) -> None:
        self._context = context
        self._reviewers = reviewers

    def review(self, candidate_id: str, stage: str) -> bool:
        """Review a candidate after a tier.

        Args:
            candidate_id: Whom.
            stage: The tier that it has just completed.

        Returns:
            Whether every reviewer accepts it.
        """
        archive = self._context.archive
        said = {
            review.reviewer: review
            for review in archive.reviews(candidate_id)
            if review.payload.get("after") == stage
        }
        missing = [one for one in self._reviewers if one.name not in said]
        if missing:
            subject = self._subject(archive.candidate(candidate_id))
            for reviewer in missing:
                review = reviewer.review(subject)
                record = ReviewRecord(
                    candidate_id,
                    review.reviewer,
                    review.verdict,
                    review.score,
                    review.text,
                    {**review.payload, "after": stage},
                )
                archive.add_review(record)
                said[reviewer.name] = record
        return all(review.verdict == "accept" for review in said.values())

    def text(self, candidate_id: str) -> str | None:
        """What was said last about a candidate, for prompts; None where nothing was."""
        reviews = self._context.archive.reviews(candidate_id)
        return reviews[-1].text if reviews else None

    def _subject(self, record: CandidateRecord) -> Subject:
        archive = self._context.archive
        measured = self._measured(record)
        jobs = {(one.effort, one.task, one.seed) for one in measured}
        baselines = {
            baseline.name: [
                one for one in self._measured(baseline) if (one.effort, one.task, one.seed) in jobs
            ]
            for baseline in archive.candidates(self._context.id, kinds=["baseline"])
        }
        return Subject(
            name=record.name,
            code=record.code,
            thought=record.thought,
            spec=self._context.spec,
            flags=record.flags,
            known_as=record.known_as,
            duplicate_of=record.duplicate_of,
            measured=measured,
            baselines=baselines,
        )

    def _measured(self, record: CandidateRecord) -> list[Measured]:
        return [
            _measured(evaluation)
            for evaluation in self._context.archive.evaluations(record.id)
            if evaluation.effort != "inspect"
        ]


def _measured(record: EvaluationRecord) -> Measured:
    parts = record.detail.get("parts", {})
    return Measured(record.task, record.seed, record.effort, record.metrics, parts, record.failed)
