"""Every number that a paper may say, computed from the archive when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.archive import Archive, CandidateRecord
from agent.evaluation.statistics import Estimate
from agent.papers.claims.facts import Fact, Reference, Rows, UnknownReferenceError
from agent.papers.claims.idea_facts import IdeaFacts
from agent.papers.claims.measurements import Measurements, Place
from agent.papers.claims.plain_facts import PLAIN, PlainFacts
from agent.papers.claims.rounding import decimals_of, percent, rounded
from templates.contract import Metric, Tier

__all__ = ["FactBook"]


class FactBook(Measurements):
    """The facts of one candidate's paper; reads the archive and the template, nothing else.

    Args:
        archive: The archive.
        candidate: Whom the paper is about.
        version: Which paper of the candidate; its own costs are counted by it.
    """

    def __init__(self, archive: Archive, candidate: CandidateRecord, version: int = 1) -> None:
        super().__init__(archive, candidate)
        self._plain = PlainFacts(self, version)
        self._facts: dict[Reference, Fact] = {}
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
