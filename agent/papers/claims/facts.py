"""A fact: what a reference says in a paper, and the rows of the archive that it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from templates.errors import CandidateError

__all__ = ["CONFIDENCE", "Fact", "FactKind", "Reference", "Rows", "UnknownReferenceError"]

FactKind: TypeAlias = Literal["number", "words", "name"]


CONFIDENCE = 0.95
"""Of the intervals of values, and of differences that decide nothing."""


class UnknownReferenceError(CandidateError):
    """A reference that the archive has nothing for; the message says what there is."""

    def __init__(self, message: str) -> None:
        super().__init__("reference", message)


@dataclass(frozen=True)
class Reference:
    """One call of the closed language, such as ``value('candidate', 'reward')``."""

    function: str
    arguments: tuple[str, ...]

    @property
    def key(self) -> str:
        """Its one spelling, which names its row in the table of provenance."""
        return f"{self.function}({', '.join(map(repr, self.arguments))})"


@dataclass(frozen=True)
class Rows:
    """Where in the archive something stands.

    Args:
        table: A table of the archive, or ``template.toml``.
        where: Which rows of it, in words that `discover show` understands where it is a candidate.
        seeds: Seeds of the rows, where they are evaluations.
    """

    table: str
    where: str
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fact:
    """What a reference stands for.

    Args:
        reference: The call.
        kind: ``number`` holds digits, ``words`` are quoted from the template, ``name`` names
            somebody whom numbers are about.
        text: As a paper shows it, unit included.
        bare: Without the unit, for a table whose head has it.
        exact: The value before rounding; None for words.
        statistic: How it was computed, in words.
        rows: What it was computed from.
        subjects: Whom it is about: names of candidates, the one ahead first in a difference.
        metric: Name of the metric, where it has one.
        low: Lower end of the interval of the same quantity, where there is one.
        high: Upper end of it.
    """

    reference: Reference
    kind: FactKind
    text: str
    bare: str
    exact: float | str | None
    statistic: str
    rows: tuple[Rows, ...]
    subjects: tuple[str, ...] = ()
    metric: str | None = None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> Mapping[str, Any]:
        """For the file of provenance beside the paper."""
        return {
            "reference": self.reference.key,
            "text": self.text,
            "exact": self.exact,
            "low": self.low,
            "high": self.high,
            "statistic": self.statistic,
            "rows": [
                {"table": rows.table, "where": rows.where, "seeds": list(rows.seeds)}
                for rows in self.rows
            ],
        }
