"""Every number that a paper may say, computed from the archive when it is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.archive import Archive, CampaignRecord, CandidateRecord, EvaluationRecord
from agent.evaluation.racing import gain
from agent.evaluation.seeds import Job, jobs_of
from agent.evaluation.statistics import Estimate, interval
from agent.loading import template_of
from agent.papers.claims.facts import CONFIDENCE, Fact, Reference, Rows, UnknownReferenceError
from agent.papers.claims.idea_facts import IdeaFacts
from agent.papers.claims.plain_facts import PLAIN, PlainFacts
from agent.papers.claims.rounding import decimals_of, percent, rounded
from agent.report.confirmation import Confirmation, confirmations_of
from agent.report.scores import ScoreBook
from templates.contract import Metric, Tier
from templates.registry import Template

__all__ = ["FactBook", "Place"]


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


class FactBook:
    """The facts of one candidate's paper; reads the archive and the template, nothing else.

    Args:
        archive: The archive.
        candidate: Whom the paper is about.
        version: Which paper of the candidate; its own costs are counted by it.
    """

    def __init__(self, archive: Archive, candidate: CandidateRecord, version: int = 1) -> None:
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
        self._plain = PlainFacts(self, version)
        self._facts: dict[Reference, Fact] = {}
        self._read: dict[tuple[str, str], tuple[Tier, dict[Job, EvaluationRecord]] | None] = {}
        self._measured: Mapping[str, Callable[..., Fact]] = {
            "value": self._value,
            "interval": self._interval,
            "difference": self._difference,
            "difference_interval": self._difference_interval,
        }

    @property
    def idea(self) -> IdeaFacts:
        """What is known of the idea that the candidate began with."""
        return self._plain.idea

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the functions that stand for facts."""
        return (*self._measured, *PLAIN)

    def fact(self, reference: Reference) -> Fact:
        """What a reference says.

        Raises:
            UnknownReferenceError: There is no such function, candidate, metric or measurement.
        """
        reference = self._canonical(reference)
        if reference not in self._facts:
            function = self._measured.get(reference.function) or self._plain.function(
                reference.function
            )
            if function is None:
                raise UnknownReferenceError(
                    f"{reference.key}: there is no function {reference.function!r}; use "
                    f"{', '.join(self.functions)}"
                )
            try:
                self._facts[reference] = function(reference, *reference.arguments)
            except TypeError as error:
                if "positional argument" not in str(error):
                    raise
                raise UnknownReferenceError(
                    f"{reference.key}: wrong number of arguments"
                ) from error
        return self._facts[reference]

    def _canonical(self, reference: Reference) -> Reference:
        """One spelling of references that say the same, so that each fact has one row."""
        arguments = list(reference.arguments)
        if reference.function in self._measured and arguments[2:] == ["search"]:
            arguments.pop()
        if self.best is not None and reference.function not in PLAIN[2:]:
            arguments = [self.best.name if one == "best_baseline" else one for one in arguments]
        return Reference(reference.function, tuple(arguments))

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

    def _estimated(
        self, reference: Reference, who: str, metric_name: str, where: str
    ) -> tuple[str, CandidateRecord, Metric, Place, Tier, Estimate]:
        name, record = self.who(reference, who)
        metric = self.metric(reference, metric_name)
        place = self.place(reference, where)
        estimate = self.estimate(record, metric, place)
        found = self.measured(record, place)
        if estimate is None or found is None:
            raise UnknownReferenceError(f"{reference.key}: {name} was not measured on {where}")
        return name, record, metric, place, found[0], estimate

    def _value(self, reference: Reference, who: str, metric: str, where: str = "search") -> Fact:
        name, record, chosen, place, tier, estimate = self._estimated(reference, who, metric, where)
        bounds = _bounds(estimate)
        bare = rounded(estimate.value, decimals_of(estimate.value, *bounds))
        return Fact(
            reference,
            "number",
            _with_unit(bare, chosen.unit),
            bare,
            estimate.value,
            f"{chosen.title}: mean over {_observations(estimate.n, len(place.tasks))}",
            (self.rows(record, place, tier),),
            (name,),
            chosen.name,
            *bounds,
        )

    def _interval(self, reference: Reference, who: str, metric: str, where: str = "search") -> Fact:
        name, record, chosen, place, tier, estimate = self._estimated(reference, who, metric, where)
        low, high = _bounds(estimate)
        if low is None or high is None:
            raise UnknownReferenceError(f"{reference.key}: a single seed has no interval")
        decimals = decimals_of(estimate.value, low, high)
        bare = f"[{rounded(low, decimals)}, {rounded(high, decimals)}]"
        return Fact(
            reference,
            "number",
            _with_unit(bare, chosen.unit),
            bare,
            estimate.value,
            f"{chosen.title}: {percent(estimate.confidence)} interval of the mean over "
            f"{_observations(estimate.n, len(place.tasks))}",
            (self.rows(record, place, tier),),
            (name,),
            chosen.name,
            low,
            high,
        )

    def _gained(
        self, reference: Reference, first: str, second: str, where: str
    ) -> tuple[tuple[str, str], tuple[Rows, Rows], Place, Estimate]:
        name, mine = self.who(reference, first)
        other, theirs = self.who(reference, second)
        if mine.id == theirs.id:
            raise UnknownReferenceError(f"{reference.key}: that is the same one twice")
        place = self.place(reference, where)
        found = self.gain(mine, theirs, place)
        if found is None:
            raise UnknownReferenceError(
                f"{reference.key}: {name} and {other} have no common seeds on {where}"
            )
        estimate, tier = found
        rows = self.rows(mine, place, tier), self.rows(theirs, place, tier)
        return (name, other), rows, place, estimate

    def _difference(
        self, reference: Reference, first: str, second: str, where: str = "search"
    ) -> Fact:
        names, rows, place, estimate = self._gained(reference, first, second, where)
        bounds = _bounds(estimate)
        decimals = decimals_of(estimate.value, *bounds)
        bare = rounded(estimate.value, decimals, signed=True)
        metric = self.spec.primary
        return Fact(
            reference,
            "number",
            _with_unit(bare, metric.unit),
            bare,
            estimate.value,
            f"{metric.title}: mean paired gain of {names[0]} over {names[1]} on "
            f"{_observations(estimate.n, len(place.tasks))}; positive is better",
            rows,
            names,
            metric.name,
            *bounds,
        )

    def _difference_interval(
        self, reference: Reference, first: str, second: str, where: str = "search"
    ) -> Fact:
        names, rows, place, estimate = self._gained(reference, first, second, where)
        decimals = decimals_of(estimate.value, estimate.low, estimate.high)
        ends = (rounded(end, decimals, signed=True) for end in (estimate.low, estimate.high))
        bare = "[{}, {}]".format(*ends)
        metric = self.spec.primary
        return Fact(
            reference,
            "number",
            _with_unit(bare, metric.unit),
            bare,
            estimate.value,
            f"{metric.title}: {percent(estimate.confidence)} interval of the paired gain of "
            f"{names[0]} over {names[1]} on {_observations(estimate.n, len(place.tasks))}",
            rows,
            names,
            metric.name,
            estimate.low,
            estimate.high,
        )


def _bounds(estimate: Estimate) -> tuple[float | None, float | None]:
    if estimate.low == -float("inf"):
        return None, None
    return estimate.low, estimate.high


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


def _observations(count: int, tasks: int) -> str:
    return f"{count} seeds" if tasks == 1 else f"{count} runs of {tasks} tasks"
