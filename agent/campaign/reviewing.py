"""Has every candidate that was searched, and again every one that was confirmed, reviewed."""

from __future__ import annotations

from collections.abc import Sequence

from agent.archive.records import CandidateRecord, EvaluationRecord, ReviewRecord
from agent.calling import BudgetSpentError, Caller
from agent.campaign.context import Context
from agent.llm.contract import LanguageModel
from agent.reviewing.code import ModelCodeReviewer
from reviewers import NOTHING_TO_OBJECT, CodeReviewer, Measured, Subject, Verdict
from reviewers.code.rules import RuleReviewer
from templates.errors import CandidateError

__all__ = ["Reviewing", "open_reviewing"]

_TEXT_LENGTH = 300
# Of the code; what is said of a paper says nothing against the candidate as a parent.
_OF_CODE = ("rules", ModelCodeReviewer.name)
_WORST_FIRST: tuple[Verdict, ...] = ("reject", "concern", "accept")


class Reviewing:
    """Asks the code reviewers and keeps what they say; the same question is asked once.

    Args:
        context: The campaign.
        reviewers: Those that decide; rules, so that they cost nothing.
        model: Asked after them once a candidate was searched, unless they reject it; None for none.
        model_decides: Whether a discovery needs the model's consent as well; without a model, what
            one said of the candidate before.
    """

    def __init__(
        self,
        context: Context,
        reviewers: Sequence[CodeReviewer],
        model: ModelCodeReviewer | None = None,
        *,
        model_decides: bool = False,
    ) -> None:
        self._context = context
        self._reviewers = reviewers
        self._model = model
        self._model_decides = model_decides

    def review(self, candidate_id: str, stage: str) -> bool:
        """Review a candidate after a tier.

        Args:
            candidate_id: Whom.
            stage: The tier that it has just completed, or failed in.

        Returns:
            Whether every reviewer that decides accepts it.
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
        rules = [said[one.name] for one in self._reviewers]
        accepted = all(review.verdict == "accept" for review in rules)
        if stage not in ("search", "confirm"):
            return accepted
        verdict = self._model_verdict(candidate_id, stage, rules)
        return accepted and (not self._model_decides or verdict == "accept")

    def text(self, candidate_id: str) -> str | None:
        """What was said last by each reviewer, for prompts; None where nothing was."""
        latest = {one.reviewer: one for one in self._context.archive.reviews(candidate_id)}
        if not latest:
            return None
        said = [one.text for one in latest.values() if one.text != NOTHING_TO_OBJECT]
        said = said or [NOTHING_TO_OBJECT]
        text = " ".join(dict.fromkeys(said))
        return text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 3].rstrip() + "..."

    def verdict(self, candidate_id: str) -> Verdict | None:
        """The worst of what was said last of its code; None where nothing was."""
        latest = {one.reviewer: one for one in self._context.archive.reviews(candidate_id)}
        given = {latest[name].verdict for name in _OF_CODE if name in latest}
        return next((one for one in _WORST_FIRST if one in given), None)

    def _model_verdict(
        self, candidate_id: str, stage: str, rules: list[ReviewRecord]
    ) -> str | None:
        """The model's verdict, asked for once; None where the rules reject or it has none."""
        context, model = self._context, self._model
        for review in context.archive.reviews(candidate_id):
            if review.reviewer == ModelCodeReviewer.name:
                return review.verdict
        if model is None or any(review.verdict == "reject" for review in rules):
            return None
        record = context.archive.candidate(candidate_id)
        context.show(record.index, record.name, "review")
        try:
            found = model.review(self._subject(record), " ".join(one.text for one in rules))
        except (CandidateError, BudgetSpentError) as error:
            context.tell(f"{record.name}: no review by a model, {error}")
            return None
        context.archive.add_review(
            ReviewRecord(
                candidate_id,
                found.reviewer,
                found.verdict,
                found.score,
                found.text,
                {**found.payload, "after": stage},
            )
        )
        return found.verdict

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
            index=record.index,
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


def open_reviewing(
    context: Context, caller: Caller, models: Sequence[LanguageModel], names: Sequence[str]
) -> Reviewing:
    """The reviewers that the campaign's settings ask for.

    Args:
        context: The campaign.
        caller: Has the models answer.
        models: Which may be asked for a review.
        names: What these models were asked for as.
    """
    choice = context.knobs.code_review
    if choice == "auto":
        # A recording answers what was asked when it was made, and nothing else.
        recorded = all(name.startswith("recorded:") for name in names)
        choice = "off" if recorded else "advise"
    if choice == "off":
        return Reviewing(context, [RuleReviewer()])
    model = ModelCodeReviewer(
        context.archive,
        caller,
        models,
        context.seed,
        context.first_proposal,
        context.knobs.call_timeout_s,
    )
    return Reviewing(context, [RuleReviewer()], model, model_decides=choice == "decide")
