"""Runs tiers of a candidate and keeps its score up to date in the archive."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from agent.archive.records import CandidateRecord, EvaluationRecord
from agent.campaign.context import Context
from agent.evaluation.measuring import primaries
from agent.evaluation.racing import summarize
from agent.evaluation.seeds import Job, ablation_jobs, jobs_of
from sandboxes.contract import Program
from templates.contract import Tier
from templates.errors import CandidateError

__all__ = [
    "mean_metrics",
    "measure",
    "refuse_without_effect",
    "run_ablations",
    "run_tier",
    "scores_of",
]


def run_tier(
    context: Context, candidate: CandidateRecord, program: Program, tier: Tier
) -> dict[Job, float]:
    """Measure a candidate on a tier; its stage and score follow in the archive.

    Smoke only shows whether a program runs, and confirm has seeds of its own, so neither changes
    the score by which candidates are ranked.

    Returns:
        The primary metric of each job.

    Raises:
        CandidateError: The program failed on two workers.
    """
    scores = primaries(measure(context, candidate, program, tier))
    changes: dict[str, object] = {"stage": tier.name}
    if tier.name in ("screen", "search"):
        estimate = summarize(scores)
        changes |= {
            "score": estimate.value,
            "score_low": estimate.low,
            "score_high": estimate.high,
        }
    context.archive.update_candidate(candidate.id, **changes)
    return scores


def run_ablations(
    context: Context, candidate: CandidateRecord, program: Program, tier: Tier
) -> None:
    """Measure what a candidate depends on; the archive has it then.

    Raises:
        CandidateError: The program failed on two workers.
    """
    jobs = ablation_jobs(context.spec, tier, context.seed)
    measure(context, candidate, program, tier, jobs)


def measure(
    context: Context,
    candidate: CandidateRecord,
    program: Program,
    tier: Tier,
    jobs: Sequence[Job] | None = None,
) -> dict[Job, EvaluationRecord]:
    """Results of a candidate on a tier's jobs, or on others at the tier's effort."""
    if candidate.program_digest is None:
        raise ValueError(f"candidate {candidate.id} was not inspected")
    return context.measurer.measure(
        candidate.id,
        program,
        candidate.program_digest,
        tier.effort,
        jobs_of(context.spec, tier, context.seed) if jobs is None else jobs,
        context.progress_of(candidate.index, candidate.name, tier.name),
    )


def mean_metrics(context: Context, candidate: CandidateRecord) -> dict[str, float]:
    """Every metric of a candidate, averaged over what its rank rests on; empty without any.

    Returns:
        Mean by the metric's name, in the template's order, over the runs of the search tier (of
        the screen, where it got no further). What a confirmation adds later changes nothing here.
    """
    tier = context.spec.tier("search")
    wanted = set(jobs_of(context.spec, tier, context.seed))
    found = [
        one.metrics
        for one in context.archive.evaluations(candidate.id, tier.effort)
        if (one.task, one.seed) in wanted
    ]
    if not found:
        return {}
    return {
        metric.name: math.fsum(one[metric.name] for one in found) / len(found)
        for metric in context.spec.metrics
    }


def scores_of(context: Context, candidate: CandidateRecord, tier: Tier) -> dict[Job, float]:
    """What the archive holds of a tier's jobs for a candidate."""
    wanted = set(jobs_of(context.spec, tier, context.seed))
    return {
        (record.task, record.seed): record.primary
        for record in context.archive.evaluations(candidate.id, tier.effort)
        if (record.task, record.seed) in wanted
    }


def refuse_without_effect(
    context: Context, candidate: CandidateRecord, others: Iterable[CandidateRecord]
) -> None:
    """Stop a candidate that has run once and whose every number is another one's.

    An experiment whose edits change nothing that runs, such as an import that is not used, would
    else be scored as if it were something new; one that comes to the same by other code likewise.

    Args:
        context: The campaign.
        candidate: Measured on the smoke tier.
        others: Measured there too: what it was made from, and baselines.

    Raises:
        CandidateError: Kind ``no_effect``.
    """
    tier = context.spec.tier("smoke")
    wanted = jobs_of(context.spec, tier, context.seed)

    def results(record: CandidateRecord) -> list[Mapping[str, float] | None]:
        found = {
            (one.task, one.seed): one.metrics
            for one in context.archive.evaluations(record.id, tier.effort)
        }
        return [found.get(job) for job in wanted]

    own = results(candidate)
    for other in others:
        if None not in own and results(other) == own:
            raise CandidateError(
                "no_effect",
                f"on the same seed it does exactly what {other.name} does: every metric is the "
                "same to the last digit",
            )
