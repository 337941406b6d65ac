"""What a reviewer is given and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from templates.contract import TemplateSpec

__all__ = [
    "NOTHING_TO_OBJECT",
    "TEXT_LENGTH",
    "CodeReviewer",
    "Finding",
    "Measured",
    "Review",
    "Severity",
    "Subject",
    "Verdict",
]

Severity: TypeAlias = Literal["note", "concern", "severe"]
Verdict: TypeAlias = Literal["accept", "concern", "reject"]

TEXT_LENGTH = 200
"""Longest text of a review, in characters: it goes into prompts."""

NOTHING_TO_OBJECT = "Nothing to object."
"""Text of a review without a finding."""


@dataclass(frozen=True)
class Finding:
    """One thing that a reviewer noticed.

    Args:
        rule: Stable name, counted in reports.
        severity: ``note`` is worth knowing and blocks nothing; ``concern`` casts doubt on the
            score; ``severe`` means that the score is not honest or the idea not new.
        message: What it is, short enough for a prompt.
        line: Line of the code, where it is about one.
    """

    rule: str
    severity: Severity
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Measured:
    """The result of one seed of one task.

    Args:
        task: Name of a task of the template.
        seed: The seed.
        effort: What was spent; only results of equal effort are compared.
        metrics: Every metric of the template, in its own direction.
        parts: Named parts whose mean is the primary metric, where the core tells them
            (``detail["parts"]``), for example the reward at each KL budget.
        failed: The candidate's own failure at run time that still has a score.
    """

    task: str
    seed: int
    effort: str
    metrics: Mapping[str, float]
    parts: Mapping[str, float] = field(default_factory=dict)
    failed: str | None = None


@dataclass(frozen=True)
class Subject:
    """A candidate as a reviewer sees it, with everything measured so far.

    Args:
        name: Its name.
        code: Its source.
        thought: Why its author thinks that it works.
        spec: The template's description.
        flags: What the inspection of the program flagged.
        known_as: Name of the known function it equals.
        duplicate_of: Name of the earlier candidate it equals.
        measured: Its results.
        baselines: Results of the baselines by name.
        index: Its position in the campaign.
    """

    name: str
    code: str
    thought: str
    spec: TemplateSpec
    flags: tuple[str, ...] = ()
    known_as: str | None = None
    duplicate_of: str | None = None
    measured: Sequence[Measured] = ()
    baselines: Mapping[str, Sequence[Measured]] = field(default_factory=dict)
    index: int = 0


@dataclass(frozen=True)
class Review:
    """What one reviewer says of one candidate.

    Args:
        reviewer: Name of the reviewer.
        verdict: ``accept`` lets a candidate be a discovery; the others do not.
        score: The reviewer's own number, where it gives one; larger is better.
        text: At most 200 characters, for prompts and tables.
        payload: JSON data with the whole review.
    """

    reviewer: str
    verdict: Verdict
    score: float | None
    text: str
    payload: Mapping[str, Any]

    def __post_init__(self) -> None:
        if len(self.text) > TEXT_LENGTH:
            raise ValueError(f"a review's text has at most {TEXT_LENGTH} characters")


class CodeReviewer(Protocol):
    """Reviews one candidate from its code and its results.

    ``review`` is called after the search tier and again after the confirm tier, from any thread,
    and may take its time: a reviewer that asks a language model fits here. It must not change
    anything.
    """

    name: str

    def review(self, subject: Subject) -> Review:
        """Review one candidate.

        Raises:
            InfrastructureError: Whatever the reviewer asks is down; the review is tried again.
        """
        ...
