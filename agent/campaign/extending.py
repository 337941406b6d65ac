"""Measures more of a candidate after its campaign is done: what a review of its paper asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, get_args

from agent.archive import Archive, CandidateRecord
from agent.campaign.baselines import Baselines
from agent.campaign.confirming import Confirming
from agent.campaign.opening import open_context
from agent.campaign.reviewing import Reviewing
from agent.campaign.scoring import run_ablations
from agent.campaign.settings import CampaignSettings
from agent.evaluation.seeds import ablation_jobs, jobs_of
from reviewers.code.rules import RuleReviewer
from sandboxes.engines import Engine
from templates.contract import TemplateSpec
from templates.errors import UserError

__all__ = ["MEASURES", "Measure", "extend", "measures_left"]

Measure: TypeAlias = Literal["fresh_seeds", "missing_baselines", "ablation"]

MEASURES: tuple[Measure, ...] = get_args(Measure)


def measures_left(
    archive: Archive, candidate: CandidateRecord, spec: TemplateSpec
) -> list[Measure]:
    """What can still be measured of a candidate.

    Args:
        archive: The archive.
        candidate: Whom.
        spec: Of the template of its campaign.

    Returns:
        ``fresh_seeds``: it was never confirmed; ``missing_baselines``: it was, and some known
        function was not measured on the same seeds; ``ablation``: the template has some that were
        not measured.
    """
    seed = archive.campaign(candidate.campaign_id).seed
    tier = spec.tier("confirm")
    left: list[Measure] = []
    confirmed = candidate.outcome in ("confirmed", "discovery")
    if not confirmed:
        left.append("fresh_seeds")
    elif any(
        not _has(archive, one.id, tier.effort, jobs_of(spec, tier, seed))
        for one in archive.candidates(candidate.campaign_id, kinds=["baseline"])
    ):
        left.append("missing_baselines")
    wanted = ablation_jobs(spec, tier, seed)
    if wanted and not _has(archive, candidate.id, tier.effort, wanted):
        left.append("ablation")
    return left


def extend(
    archive: Archive,
    candidate: CandidateRecord,
    measures: Sequence[Measure],
    *,
    stopping: threading.Event,
    notify: Callable[[str], None],
    engine: Engine | None = None,
) -> CandidateRecord:
    """Measure more; everything goes into the campaign's archive, and what is there is not redone.

    A candidate that is confirmed here is judged as in its campaign, the next one in its turn: the
    chance of any false discovery in the campaign stays below its ``alpha``.

    Args:
        archive: The archive.
        candidate: Whom.
        measures: What to do.
        stopping: Set when it shall stop.
        notify: Told in one line what happens.
        engine: A running engine to use, which stays open; None for one of its own.

    Raises:
        StopRequestedError: Somebody asked for it; what was measured is kept.
        CandidateError: The program failed.
        UserError: The campaign runs, its template has changed since, or the engine does not fit.
        InfrastructureError: The sandbox stayed down.
    """
    record = archive.campaign(candidate.campaign_id)
    settings = CampaignSettings.from_json(record.settings)
    if settings.load().digest != record.template_digest:
        raise UserError(
            f"the template {record.template} has changed since campaign {record.id}, so new scores "
            "could not be compared with old ones"
        )
    with (
        archive.lease(record.id),
        open_context(
            archive,
            record,
            settings,
            notify=notify,
            engine=engine,
            stopping=stopping,
            trouble=notify,
        ) as context,
    ):
        baselines = Baselines(context)
        baselines.run()
        reviewing = Reviewing(
            context, [RuleReviewer()], model_decides=context.knobs.code_review == "decide"
        )
        confirming = Confirming(context, baselines, reviewing)
        tier = context.spec.tier("confirm")
        for measure in measures:
            notify(f"measuring: {measure.replace('_', ' ')}")
            if measure == "fresh_seeds":
                confirming.confirm(candidate)
            elif measure == "missing_baselines":
                confirming.measure_baselines(None)
            else:
                program = context.engine.trace(candidate.code)
                run_ablations(context, candidate, program, tier)
            context.hide(candidate.index)
    return archive.candidate(candidate.id)


def _has(archive: Archive, candidate: str, effort: str, jobs: Sequence[tuple[str, int]]) -> bool:
    found = {(one.task, one.seed) for one in archive.evaluations(candidate, effort)}
    return set(jobs) <= found
