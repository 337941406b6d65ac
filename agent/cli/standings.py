"""Who leads a campaign, by how much over the best baseline, and what that amounts to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cli.output import number, plain

if TYPE_CHECKING:
    from agent.archive import Archive, CampaignRecord, CandidateRecord
    from agent.evaluation.statistics import Estimate
    from templates.contract import TemplateSpec

__all__ = ["Standing", "Standings", "standings"]

# More seeds than any tier has.
_LONGEST_BLOCK = 512


@dataclass(frozen=True)
class Standing:
    """One line of the table.

    Args:
        rank: From 1.
        candidate: The candidate.
        gain: How much better it is than the best baseline on the seeds and search tasks that both
            have, in the metric's unit with positive as better; None for the best baseline itself
            and where there are too few pairs.
    """

    rank: int
    candidate: CandidateRecord
    gain: Estimate | None


@dataclass(frozen=True)
class Standings:
    """The table of a campaign; ``verdict`` is one plain sentence."""

    metric: str
    baseline: CandidateRecord | None
    rows: tuple[Standing, ...]
    verdict: str


def standings(
    archive: Archive, campaign: CampaignRecord, spec: TemplateSpec, limit: int
) -> Standings:
    """Rank a campaign's proposals and baselines.

    Those measured furthest come first, since scores of different tiers rest on different seeds;
    within a tier the score decides.

    Args:
        archive: The archive.
        campaign: The campaign.
        spec: Its template.
        limit: At most so many lines.
    """
    ranked = _ranked(archive, campaign.id, spec, limit, ("proposal", "baseline", "user"))
    baselines = _ranked(archive, campaign.id, spec, 1, ("baseline",))
    baseline = baselines[0] if baselines else None
    rows = tuple(
        Standing(rank, candidate, _gain(archive, candidate, baseline, campaign, spec))
        for rank, candidate in enumerate(ranked, start=1)
    )
    return Standings(
        metric=spec.primary.title,
        baseline=baseline,
        rows=rows,
        verdict=_verdict(archive, campaign, spec, baseline),
    )


def _ranked(
    archive: Archive, campaign: str, spec: TemplateSpec, limit: int, kinds: Sequence[str]
) -> list[CandidateRecord]:
    found: list[CandidateRecord] = []
    for tier in reversed(spec.tiers):
        if len(found) < limit:
            found += archive.leaderboard(
                campaign,
                limit - len(found),
                direction=spec.primary.direction,
                kinds=kinds,
                stages=(tier.name,),
            )
    return found


def _gain(
    archive: Archive,
    candidate: CandidateRecord,
    baseline: CandidateRecord | None,
    campaign: CampaignRecord,
    spec: TemplateSpec,
) -> Estimate | None:
    """The paired gain at the furthest tier that both reached; fresh seeds are never mixed in."""
    from agent.evaluation.racing import gain
    from agent.evaluation.seeds import seed_block

    if baseline is None or candidate.id == baseline.id:
        return None
    names = [tier.name for tier in spec.tiers]
    for tier in reversed(spec.tiers[: names.index(spec.tier(candidate.stage).name) + 1]):
        block = set(seed_block(campaign.seed, tier.seed_block, _LONGEST_BLOCK))
        mine, theirs = (
            {
                (record.task, record.seed): record.primary
                for record in archive.evaluations(identifier, tier.effort)
                if record.task in spec.search_tasks and record.seed in block
            }
            for identifier in (candidate.id, baseline.id)
        )
        pairs = Counter(task for task, _ in mine.keys() & theirs.keys())
        if pairs and min(pairs.values()) >= 2:
            return gain(mine, theirs, spec.primary.direction)
    return None


def _verdict(
    archive: Archive,
    campaign: CampaignRecord,
    spec: TemplateSpec,
    baseline: CandidateRecord | None,
) -> str:
    if baseline is None:
        return "No baseline was scored, so nothing can be compared yet."
    discoveries = [
        record for record in archive.candidates(campaign.id, terminal=True) if record.is_discovery
    ]
    against = f"the best baseline, {baseline.name}"
    if discoveries:
        names = ", ".join(plain(record.name) for record in discoveries)
        count = "1 discovery" if len(discoveries) == 1 else f"{len(discoveries)} discoveries"
        verb = "beats" if len(discoveries) == 1 else "beat"
        return f"{count}: {names} {verb} {against}, on fresh seeds and on held-out tasks."
    proposals = _ranked(archive, campaign.id, spec, 1, ("proposal",))
    if not proposals:
        return "Nothing beat the baselines: no proposal was scored."
    best = proposals[0]
    ahead = _gain(archive, best, baseline, campaign, spec)
    if ahead is None:
        return (
            f"Nothing beat the baselines: the best proposal, {plain(best.name)}, was not measured "
            f"on enough seeds to be compared with {against}."
        )
    margin = f"{number(abs(ahead.value))} [{number(ahead.low)}, {number(ahead.high)}]"
    way = "ahead of" if ahead.value > 0 else "behind"
    why = (
        "which was not confirmed on fresh seeds and held-out tasks"
        if ahead.low > 0
        else "an interval that does not exclude zero"
        if ahead.high >= 0
        else "an interval below zero"
    )
    return (
        f"Nothing beat the baselines: the best proposal, {plain(best.name)}, is {margin} {way} "
        f"{against}, {why}."
    )
