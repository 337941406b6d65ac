"""What a campaign found, as data: the report and the command line say the same because of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.archive import Archive, CampaignRecord, CandidateRecord, UsageRecord
from agent.evaluation.statistics import Estimate
from agent.loading import template_of
from agent.report.confirmation import Confirmation, confirmations_of
from agent.report.failures import Failure, count_failures
from agent.report.headline import headline
from agent.report.scores import ScoreBook
from templates.contract import Metric, TemplateSpec

__all__ = ["Confirmation", "Counts", "ModelUse", "Row", "Summary", "summary"]

_EVALUATED = frozenset({"smoke", "screen", "search", "confirm", "generation"})


@dataclass(frozen=True)
class Row:
    """A line of the ranking.

    Args:
        rank: From 1.
        candidate: The candidate.
        gain: Over the best baseline on common seeds of the search, positive is better; None for
            the best baseline itself and where there is no common tier.
        robust: Interquartile mean of the score, where the template asks for it.
        seeds: Number of seeds of the search that its score rests on.
        fresh_seeds: Number of fresh seeds of the confirmation, 0 where there was none.
        is_best_baseline: Whether this is what the others are compared with.
    """

    rank: int
    candidate: CandidateRecord
    gain: Estimate | None
    robust: Estimate | None
    seeds: int
    fresh_seeds: int
    is_best_baseline: bool


@dataclass(frozen=True)
class Counts:
    """How many proposals met which fate.

    Args:
        proposals: All that were begun.
        finished: Those whose fate is settled.
        valid: Finished ones whose program was traced and verified in the end, repairs included.
        valid_at_first: Finished ones that needed no repair.
        evaluated: Those that ran at least once.
        known: Equal to a baseline up to scale and shift.
        duplicates: Equal to an earlier proposal up to scale and shift.
        discoveries: Confirmed and accepted by review.
        by_outcome: Number of finished proposals per outcome as the archive has it.
    """

    proposals: int
    finished: int
    valid: int
    valid_at_first: int
    evaluated: int
    known: int
    duplicates: int
    discoveries: int
    by_outcome: Mapping[str, int]

    @property
    def valid_rate(self) -> float | None:
        """Share of the finished proposals that are valid programs; None before any is."""
        return self.valid / self.finished if self.finished else None


@dataclass(frozen=True)
class ModelUse:
    """What one language model was asked and what came of it.

    ``seconds`` is the sum of the latencies of its calls, which overlap in time.
    """

    model: str
    calls: int
    failed_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    seconds: float
    proposals: int
    valid: int
    discoveries: int
    best_score: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What a campaign found; see `summary`."""

    campaign: CampaignRecord
    spec: TemplateSpec
    headline: str
    rows: tuple[Row, ...]
    rows_left_out: int
    best_baseline: CandidateRecord | None
    discoveries: tuple[CandidateRecord, ...]
    confirmations: tuple[Confirmation, ...]
    counts: Counts
    failures: tuple[Failure, ...]
    models: tuple[ModelUse, ...]
    usage: UsageRecord

    @property
    def metric(self) -> Metric:
        """The metric that ranks candidates."""
        return self.spec.primary


def summary(archive: Archive, campaign_id: str, *, limit: int = 40) -> Summary:
    """Summarize a campaign, finished or not.

    Args:
        archive: The archive.
        campaign_id: Identifier, a unique beginning of it, or ``latest``.
        limit: At most so many lines in the ranking.

    Raises:
        UserError: There is no such campaign, or its template cannot be loaded.
    """
    campaign = archive.campaign(campaign_id)
    spec = template_of(campaign).spec
    book = ScoreBook(archive, campaign, spec)
    baseline = book.best_baseline()
    proposals = archive.candidates(campaign.id, kinds=("proposal",))
    confirmations = confirmations_of(archive, campaign.id, proposals)
    everyone = archive.counts(campaign.id).total
    ranked = archive.leaderboard(campaign.id, everyone, direction=spec.primary.direction)
    rows = tuple(
        _row(book, rank, candidate, baseline)
        for rank, candidate in enumerate(ranked[:limit], start=1)
    )
    discoveries = tuple(record for record in proposals if record.is_discovery)
    return Summary(
        campaign=campaign,
        spec=spec,
        headline=headline(book, baseline, ranked, proposals, confirmations),
        rows=rows,
        rows_left_out=len(ranked) - len(rows),
        best_baseline=baseline,
        discoveries=discoveries,
        confirmations=confirmations,
        counts=_counts(archive, proposals),
        failures=count_failures(archive, campaign.id),
        models=_models(archive, campaign, spec, proposals),
        usage=archive.usage(campaign.id),
    )


def _row(
    book: ScoreBook, rank: int, candidate: CandidateRecord, baseline: CandidateRecord | None
) -> Row:
    seeds, fresh = book.seeds(candidate)
    return Row(
        rank=rank,
        candidate=candidate,
        gain=None if baseline is None else book.gain(candidate, baseline),
        robust=book.robust(candidate),
        seeds=seeds,
        fresh_seeds=fresh,
        is_best_baseline=baseline is not None and candidate.id == baseline.id,
    )


def _counts(archive: Archive, proposals: Sequence[CandidateRecord]) -> Counts:
    finished = [record for record in proposals if record.terminal]
    outcomes = Counter(record.outcome or "none" for record in finished)
    valid = [record for record in finished if _is_valid(record)]
    at_first = sum(
        any(
            attempt.attempt == 0 and attempt.error_kind in (None, "known", "duplicate")
            for attempt in archive.attempts(record.id)
        )
        for record in valid
    )
    return Counts(
        proposals=len(proposals),
        finished=len(finished),
        valid=len(valid),
        valid_at_first=at_first,
        evaluated=sum(record.stage in _EVALUATED for record in finished),
        known=outcomes["known"],
        duplicates=outcomes["duplicate"],
        discoveries=sum(record.is_discovery for record in proposals),
        by_outcome=dict(sorted(outcomes.items())),
    )


def _is_valid(record: CandidateRecord) -> bool:
    """A program was traced from it and verified, be it new or not."""
    return record.program_digest is not None and record.outcome != "invalid"


_PROPOSING = ("propose", "repair", "idea", "novelty")


def _models(
    archive: Archive,
    campaign: CampaignRecord,
    spec: TemplateSpec,
    proposals: Sequence[CandidateRecord],
) -> tuple[ModelUse, ...]:
    # A call may be recorded under the name that the provider answers with, so calls are booked on
    # the model that the candidate in their slot was asked of.
    asked = {record.index: record.model or "unknown" for record in proposals}
    calls: dict[str, list[Any]] = {}
    for call in archive.model_calls(campaign.id):
        # What is written about a candidate later may be by another model.
        proposing = call.role.partition(":")[0] in _PROPOSING
        name = asked.get(call.slot, call.model) if proposing else call.model
        calls.setdefault(name, []).append(call)
    made: dict[str, list[CandidateRecord]] = {}
    for record in proposals:
        made.setdefault(record.model or "unknown", []).append(record)
    best = max if spec.primary.direction.sign > 0 else min
    uses = []
    for model in sorted({*calls, *made}):
        own, asked_for = calls.get(model, []), made.get(model, [])
        scores = [record.score for record in asked_for if record.score is not None]
        uses.append(
            ModelUse(
                model=model,
                calls=len(own),
                failed_calls=sum(call.error is not None for call in own),
                prompt_tokens=sum(call.prompt_tokens for call in own),
                completion_tokens=sum(call.completion_tokens for call in own),
                cost_usd=sum(call.cost_usd for call in own),
                seconds=sum(call.latency_s for call in own),
                proposals=len(asked_for),
                valid=sum(record.terminal and _is_valid(record) for record in asked_for),
                discoveries=sum(record.is_discovery for record in asked_for),
                best_score=best(scores, default=None),
                notes=tuple(sorted({note for call in own for note in call.notes})),
            )
        )
    return tuple(uses)
