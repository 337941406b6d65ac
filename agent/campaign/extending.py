"""Measures more of a candidate after its campaign is done: what a review of its paper asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Literal, TypeAlias

from agent.archive import Archive, CandidateRecord
from agent.campaign.baselines import Baselines
from agent.campaign.confirming import Confirming
from agent.campaign.context import Context
from agent.campaign.reviewing import Reviewing
from agent.campaign.scoring import run_ablations
from agent.campaign.settings import CampaignSettings
from agent.evaluation.measuring import decisive_versions
from agent.evaluation.platforms import choose_platform
from agent.evaluation.seeds import ablation_jobs, jobs_of
from reviewers.code import open_code_reviewers
from sandboxes.engines import open_engine
from sandboxes.registry import choose_sandbox
from templates.contract import TemplateSpec
from templates.errors import UserError

__all__ = ["Measure", "extend", "measures_left"]

Measure: TypeAlias = Literal["fresh_seeds", "missing_baselines", "ablation"]


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

    Raises:
        StopRequestedError: Somebody asked for it; what was measured is kept.
        CandidateError: The program failed.
        UserError: The campaign runs, or its template has changed since.
        InfrastructureError: The sandbox stayed down.
    """
    record = archive.campaign(candidate.campaign_id)
    settings = CampaignSettings.from_json(record.settings)
    template = settings.load()
    if template.digest != record.template_digest:
        raise UserError(
            f"the template {record.template} has changed since campaign {record.id}, so new scores "
            "could not be compared with old ones"
        )
    with ExitStack() as stack:
        stack.enter_context(archive.lease(record.id))
        sandbox = choose_sandbox(settings.sandbox, notify)
        engine = open_engine(
            template,
            sandbox,
            workers=settings.workers,
            platform=choose_platform(template.spec, sandbox),
            notify=notify,
            salt=record.salt,
        )
        stack.callback(engine.close)
        engine.start()
        context = Context(
            archive,
            record,
            settings,
            template,
            engine,
            decisive_versions(record.salt),
            engine.sandbox.guarantees(),
        )
        stack.callback(context.measurer.close)
        context.stopping = stopping
        baselines = Baselines(context)
        baselines.run()
        reviewing = Reviewing(
            context, open_code_reviewers(), model_decides=context.knobs.code_review == "decide"
        )
        confirming = Confirming(context, baselines, reviewing)
        tier = template.spec.tier("confirm")
        for measure in measures:
            notify(f"measuring: {measure.replace('_', ' ')}")
            if measure == "fresh_seeds":
                confirming.confirm(candidate)
            elif measure == "missing_baselines":
                confirming.measure_baselines(None)
            else:
                run_ablations(context, candidate, engine.trace(candidate.code), tier)
            context.hide(candidate.index)
    return archive.candidate(candidate.id)


def _has(archive: Archive, candidate: str, effort: str, jobs: Sequence[tuple[str, int]]) -> bool:
    found = {(one.task, one.seed) for one in archive.evaluations(candidate, effort)}
    return set(jobs) <= found
