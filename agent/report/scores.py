"""Scores of a campaign's candidates by tier, and how they compare on common seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.archive import GENERATION, Archive, CampaignRecord, CandidateRecord
from agent.evaluation.racing import best_of, gain
from agent.evaluation.seeds import Job, jobs_of
from agent.evaluation.statistics import Estimate, interval
from templates.contract import TemplateSpec

__all__ = ["ScoreBook"]


@dataclass(frozen=True)
class ScoreBook:
    """Reads scores from the archive, once each; complete tiers only, so comparisons are paired."""

    archive: Archive
    campaign: CampaignRecord
    spec: TemplateSpec
    _read: dict[tuple[str, str], dict[Job, float]] = field(default_factory=dict, compare=False)

    def of_tier(self, candidate: CandidateRecord, tier_name: str) -> Mapping[Job, float]:
        """Primary metric of all jobs of a tier; empty where one of them is missing."""
        key = candidate.id, tier_name
        if key not in self._read:
            self._read[key] = self._of_tier(candidate, tier_name)
        return self._read[key]

    def _of_tier(self, candidate: CandidateRecord, tier_name: str) -> dict[Job, float]:
        tier = self.spec.tier(tier_name)
        wanted = set(jobs_of(self.spec, tier, self.campaign.seed))
        found = {
            (record.task, record.seed): record.primary
            for record in self.archive.evaluations(candidate.id, tier.effort)
            if (record.task, record.seed) in wanted
        }
        return found if len(found) == len(wanted) else {}

    def best_baseline(self) -> CandidateRecord | None:
        """The baseline with the best mean at the furthest tier that baselines were scored on."""
        records = {
            record.id: record
            for record in self.archive.candidates(self.campaign.id, kinds=("baseline",))
        }
        for tier in ("search", "screen"):
            table = {
                identifier: scores
                for identifier, record in records.items()
                if (scores := self.of_tier(record, tier))
            }
            if table:
                return records[best_of(table, self.spec.primary.direction)]
        return None

    def gain(self, candidate: CandidateRecord, baseline: CandidateRecord) -> Estimate | None:
        """Paired gain on the seeds of the search, positive is better.

        Fresh seeds are left out: rows of a table are only comparable on the same seeds.

        Returns:
            The gain at the furthest tier that both completed; None where there is none.
        """
        if candidate.id == baseline.id:
            return None
        for tier in ("search", "screen"):
            mine, theirs = self.of_tier(candidate, tier), self.of_tier(baseline, tier)
            if mine and theirs and len(mine) >= 2 * len(self.spec.search_tasks):
                return gain(mine, theirs, self.spec.primary.direction)
        return None

    def robust(self, candidate: CandidateRecord) -> Estimate | None:
        """Interquartile mean over tasks and seeds of the furthest tier of the search.

        Returns:
            None where the template does not ask for it, or there are too few seeds.
        """
        if not self.spec.primary.robust:
            return None
        for tier in ("search", "screen"):
            scores = self.of_tier(candidate, tier)
            if len(scores) >= 2 * len(self.spec.search_tasks):
                by_task: dict[str, list[float]] = {}
                for (task, _), score in sorted(scores.items()):
                    by_task.setdefault(task, []).append(score)
                return interval(by_task, statistic="iqm")
        return None

    def seeds(self, candidate: CandidateRecord) -> tuple[int, int]:
        """On how many seeds a candidate was scored: those of the search, and fresh ones."""
        if candidate.stage == GENERATION:
            agents = self.archive.evaluations(candidate.id, GENERATION)
            return len({record.seed for record in agents}), 0
        counts = []
        for tiers in (("search", "screen"), ("confirm",)):
            counts.append(
                next(
                    (
                        len({seed for _, seed in scores})
                        for tier in tiers
                        if (scores := self.of_tier(candidate, tier))
                    ),
                    0,
                )
            )
        return counts[0], counts[1]
