"""Where a paper stands: its stages, kept in the archive one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from agent.archive import Archive, CandidateRecord, EventRecord
from agent.papers.claims.plain_facts import paper_role
from agent.papers.sections import SECTIONS

__all__ = [
    "STAGES",
    "PaperReviewer",
    "PaperVersion",
    "StageStore",
    "model_of",
    "paper_cost",
    "review_costs",
    "revisions",
    "versions",
]

EVENT = "paper.stage"

STAGES: tuple[str, ...] = (
    "begin",
    *(section.name for section in SECTIONS),
    "whole",
    "document",
    "review",
)
"""In their order; ``review`` is done where there is a reviewer."""


class PaperReviewer(Protocol):
    """Reviews a finished paper.

    ``review`` may ask a language model and records its calls itself; it may keep what it says
    beside the candidate and changes nothing else.
    """

    name: str

    def review(
        self, pdf: Path, candidate: CandidateRecord, budget_usd: float | None
    ) -> Mapping[str, Any]:
        """The review as JSON data.

        Args:
            pdf: The paper.
            candidate: Whom it is about.
            budget_usd: Limit on what its calls may cost; None for none.

        Returns:
            JSON data; ``cost_usd`` in it is what was paid.

        Raises:
            CandidateError: No model gave a valid review.
            UserError: The budget is spent, or a model cannot be used.
            InfrastructureError: Whatever the reviewer asks is down; it is tried again.
        """
        ...


class StageStore:
    """The stages of one paper; the last word on a stage counts.

    Args:
        archive: Where they are kept, as events.
        candidate: Whom the paper is about.
        version: Which paper of the candidate, from 1.
    """

    def __init__(self, archive: Archive, candidate: CandidateRecord, version: int) -> None:
        self._archive = archive
        self._candidate = candidate
        self.version = version

    def load(self) -> dict[str, Mapping[str, Any]]:
        """What was kept, by stage."""
        return _stages(self._archive, self._candidate).get(self.version, {})

    def keep(self, stage: str, content: Mapping[str, Any]) -> None:
        """Keep a stage."""
        payload = {
            "candidate": self._candidate.id,
            "version": self.version,
            "stage": stage,
            "content": dict(content),
        }
        self._archive.add_event(
            EventRecord(self._candidate.campaign_id, datetime.now(UTC), EVENT, payload)
        )

    @staticmethod
    def latest(archive: Archive, candidate: CandidateRecord) -> int:
        """Number of the candidate's latest paper; 0 where there is none."""
        return max(_stages(archive, candidate), default=0)


def model_of(archive: Archive, candidate: CandidateRecord) -> str | None:
    """The model that began the candidate's latest paper; None where there is none."""
    latest = StageStore.latest(archive, candidate)
    begun = StageStore(archive, candidate, latest).load().get("begin") if latest else None
    return None if begun is None else str(begun["model"])


@dataclass(frozen=True)
class PaperVersion:
    """One version of a candidate's paper, as the archive has it.

    Args:
        version: Its number, from 1.
        model: Who began it.
        revises: Which version it revises; None where it is a first one.
        status: Of the document; ``begun`` where there is none yet.
        overall: Rating of its review, 1 to 10; None where there is none.
        decision: Of its review; None where there is none.
    """

    version: int
    model: str
    revises: int | None
    status: str
    overall: float | None
    decision: str | None


def versions(archive: Archive, candidate: CandidateRecord) -> list[PaperVersion]:
    """All papers of a candidate, the first one first."""
    found = []
    for number, kept in sorted(_stages(archive, candidate).items()):
        begun = kept.get("begin", {})
        review = kept.get("review", {}).get("review") or {}
        found.append(
            PaperVersion(
                number,
                str(begun.get("model", "")),
                begun.get("revises"),
                str(kept.get("document", {}).get("status", "begun")),
                review.get("overall"),
                review.get("decision"),
            )
        )
    return found


def review_costs(archive: Archive, campaign: str, *, leave_out: str) -> float:
    """Dollars that reviews of a campaign's papers have cost, those of one candidate left out."""
    return sum(
        _review_cost(event)
        for event in archive.events(campaign, kinds=(EVENT,))
        if event.payload["candidate"] != leave_out
    )


def paper_cost(archive: Archive, candidate: CandidateRecord, version: int) -> float:
    """Dollars that a version and all that it revises have cost, their reviews included."""
    chain = [version, *_revised(archive, candidate, version)]
    prefixes = tuple(paper_role(one, "") for one in chain)
    calls = archive.model_calls(candidate.campaign_id, candidate.index)
    written = sum(call.cost_usd for call in calls if call.role.startswith(prefixes))
    return written + sum(
        _review_cost(event)
        for event in archive.events(candidate.campaign_id, kinds=(EVENT,))
        if event.payload["candidate"] == candidate.id and event.payload["version"] in chain
    )


def revisions(archive: Archive, candidate: CandidateRecord) -> int:
    """How many versions the candidate's latest paper revises, one after the other."""
    return len(_revised(archive, candidate, StageStore.latest(archive, candidate)))


def _revised(archive: Archive, candidate: CandidateRecord, version: int) -> list[int]:
    """What a version revises, and what that one does, the latest first."""
    stages = _stages(archive, candidate)
    found: list[int] = []
    while isinstance(before := stages.get(version, {}).get("begin", {}).get("revises"), int):
        found.append(before)
        version = before
    return found


def _review_cost(event: EventRecord) -> float:
    """What a stage's review cost; 0 for other stages."""
    if event.payload["stage"] != "review":
        return 0.0
    return float((event.payload["content"].get("review") or {}).get("cost_usd") or 0.0)


def _stages(
    archive: Archive, candidate: CandidateRecord
) -> dict[int, dict[str, Mapping[str, Any]]]:
    found: dict[int, dict[str, Mapping[str, Any]]] = {}
    for event in archive.events(candidate.campaign_id, kinds=(EVENT,)):
        said = event.payload
        if said["candidate"] == candidate.id:
            found.setdefault(said["version"], {})[said["stage"]] = said["content"]
    return found
