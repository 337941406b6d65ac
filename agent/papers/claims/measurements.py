"""What was measured of one candidate and of those it is compared with, as the archive has it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from agent.archive import Archive, CampaignRecord, CandidateRecord, EvaluationRecord
from agent.evaluation.racing import gain
from agent.evaluation.seeds import Job, jobs_of
from agent.evaluation.statistics import Estimate, interval
from agent.loading import template_of
from agent.papers.claims.facts import CONFIDENCE, Reference, Rows, UnknownReferenceError
from agent.report.confirmation import Confirmation, confirmations_of
from agent.report.scores import ScoreBook
from templates.contract import Metric, Tier
from templates.registry import Template

__all__ = ["Measurements", "Place"]


@dataclass(frozen=True)
class Place:
    """Where numbers of candidates may be compared.

    Args:
        name: ``search``, ``fresh``, ``held_out`` or the name of a held-out task.
        words: As a table says it.
        tiers: Tiers to look at, the furthest first.
        tasks: Names of its tasks.
    """

    name: str
    words: str
    tiers: tuple[str, ...]
    tasks: tuple[str, ...]


class Measurements:
    """A candidate, its campaign and the baselines, with what was measured of them.

    Args:
        archive: The archive.
        candidate: Whom a paper is about.
    """

    def __init__(self, archive: Archive, candidate: CandidateRecord) -> None:
        self.archive = archive
        self.candidate = candidate
        self.campaign: CampaignRecord = archive.campaign(candidate.campaign_id)
        self.template: Template = template_of(self.campaign)
        self.spec = self.template.spec
        self.scores = ScoreBook(archive, self.campaign, self.spec)
        self.best: CandidateRecord | None = self.scores.best_baseline()
        self.baselines: Mapping[str, CandidateRecord] = {
            record.name: record
            for record in archive.candidates(self.campaign.id, kinds=("baseline", "control"))
        }
        first = archive.leaderboard(
            self.campaign.id, 1, direction=self.spec.primary.direction, kinds=["proposal"]
        )
        self.leads = any(record.id == candidate.id for record in first)
        """Whether no other proposal of the campaign ranks before the candidate."""
        proposals = archive.candidates(self.campaign.id, kinds=("proposal", "user"))
        self.confirmation: Confirmation | None = next(
            (
                found
                for found in confirmations_of(archive, self.campaign.id, proposals)
                if found.candidate.id == candidate.id
            ),
            None,
        )
        self.places: Mapping[str, Place] = {place.name: place for place in self._places()}
        self._read: dict[tuple[str, str], tuple[Tier, dict[Job, EvaluationRecord]] | None] = {}

    def who(self, reference: Reference, name: str) -> tuple[str, CandidateRecord]:
        """Somebody by name: ``candidate``, ``best_baseline`` or a baseline; with the plain name."""
        if name == "candidate":
            return name, self.candidate
        record = self.best if name == "best_baseline" else self.baselines.get(name)
        if record is None:
            known = ["candidate", "best_baseline", *self.baselines]
            near = difflib.get_close_matches(name, known, n=3) or known[:6]
            raise UnknownReferenceError(
                f"{reference.key}: nobody is called {name!r}; near: {', '.join(near)}"
            )
        return record.name, record

    def metric(self, reference: Reference, name: str) -> Metric:
        """A metric of the template by name."""
        for metric in self.spec.metrics:
            if metric.name == name:
                return metric
        raise UnknownReferenceError(
            f"{reference.key}: there is no metric {name!r}; use "
            f"{', '.join(metric.name for metric in self.spec.metrics)}"
        )

    def measured(
        self, record: CandidateRecord, place: Place
    ) -> tuple[Tier, dict[Job, EvaluationRecord]] | None:
        """A candidate's results at a place, of the furthest tier that it has completed there."""
        key = (record.id, place.name)
        if key not in self._read:
            self._read[key] = self._measured_now(record, place)
        return self._read[key]

    def _measured_now(
        self, record: CandidateRecord, place: Place
    ) -> tuple[Tier, dict[Job, EvaluationRecord]] | None:
        for name in place.tiers:
            tier = self.spec.tier(name)
            wanted = {
                job for job in jobs_of(self.spec, tier, self.campaign.seed) if job[0] in place.tasks
            }
            found = {
                (one.task, one.seed): one
                for one in self.archive.evaluations(record.id, tier.effort)
                if (one.task, one.seed) in wanted
            }
            if wanted and len(found) == len(wanted):
                return tier, dict(sorted(found.items()))
        return None

    def estimate(self, record: CandidateRecord, metric: Metric, place: Place) -> Estimate | None:
        """Mean over seeds, every task weighing the same; None where it was not measured.

        The interval is missing (infinite) where a task has a single seed.
        """
        found = self.measured(record, place)
        if found is None:
            return None
        by_task: dict[str, list[float]] = {}
        for (task, _), one in found[1].items():
            by_task.setdefault(task, []).append(one.metrics[metric.name])
        if min(map(len, by_task.values())) < 2:
            means = [sum(part) / len(part) for part in by_task.values()]
            value = sum(means) / len(means)
            return Estimate(value, -float("inf"), float("inf"), len(found[1]), CONFIDENCE)
        return interval(by_task, CONFIDENCE)

    def gain(
        self, first: CandidateRecord, second: CandidateRecord, place: Place
    ) -> tuple[Estimate, Tier] | None:
        """Paired gain of one over another on common seeds, positive where the first is better."""
        for name in place.tiers:
            at = Place(f"{place.name}/{name}", place.words, (name,), place.tasks)
            mine, theirs = self.measured(first, at), self.measured(second, at)
            if mine is None or theirs is None:
                continue
            tier = mine[0]
            tasks = {task for task, _ in mine[1]}
            if len(mine[1]) < 2 * len(tasks):
                continue
            primary = self.spec.primary
            estimate = gain(
                {job: one.metrics[primary.name] for job, one in mine[1].items()},
                {job: one.metrics[primary.name] for job, one in theirs[1].items()},
                primary.direction,
                self.confidence(place),
            )
            return estimate, tier
        return None

    def confidence(self, place: Place) -> float:
        """Of intervals of differences: that of the decision where the place decided something."""
        if self.confirmation is not None and place.name in ("fresh", "held_out"):
            return self.confirmation.gain.confidence
        return CONFIDENCE

    def _places(self) -> list[Place]:
        spec = self.spec
        found = [
            Place("search", "seeds of the search", ("search", "screen"), spec.search_tasks),
            Place("fresh", "fresh seeds", ("confirm",), spec.search_tasks),
        ]
        if spec.held_out_tasks and spec.tier("confirm").held_out_seeds:
            found.append(Place("held_out", "held-out tasks", ("confirm",), spec.held_out_tasks))
            found += [
                Place(task.name, task.title, ("confirm",), (task.name,))
                for task in spec.tasks
                if task.role == "held_out"
            ]
        return found

    def place(self, reference: Reference, name: str) -> Place:
        """A place by name."""
        if name not in self.places:
            raise UnknownReferenceError(
                f"{reference.key}: {name!r} is no place of measurement; use "
                f"{', '.join(self.places)}"
            )
        return self.places[name]

    def rows(self, record: CandidateRecord, place: Place, tier: Tier) -> Rows:
        """The evaluations behind a candidate's number."""
        at = Place(f"{place.name}/{tier.name}", place.words, (tier.name,), place.tasks)
        found = self.measured(record, at)
        jobs = found[1] if found is not None else {}
        seeds = tuple(sorted({seed for _, seed in jobs}))
        tasks = ", ".join(dict.fromkeys(task for task, _ in jobs))
        return Rows("evaluations", f"{record.id}, {tier.effort}, {tasks}", seeds)
