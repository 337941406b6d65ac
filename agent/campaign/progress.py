"""What a campaign tells those who watch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["InFlight", "Leader", "Observer", "Progress"]


@dataclass(frozen=True)
class InFlight:
    """A candidate that is being worked on."""

    index: int
    name: str
    stage: str
    detail: str
    seconds: float


@dataclass(frozen=True)
class Leader:
    """A scored candidate, for the list of the best so far."""

    name: str
    score: float
    low: float | None
    high: float | None
    stage: str
    kind: str
    known_as: str | None


@dataclass(frozen=True)
class Progress:
    """A snapshot of a running campaign.

    Args:
        campaign_id: Which campaign.
        phase: ``preparing``, ``baselines``, ``searching``, ``confirming``, ``reporting`` or
            ``finished``.
        elapsed_s: Seconds that processes have worked on the campaign.
        eta_s: Estimated seconds left, None while unknown.
        time_limit_s: The limit on the time, if one was given.
        proposals_done: Proposals with a final outcome.
        proposals_target: How many there will be, None if only time or money limits them.
        counts: Number of proposals by outcome.
        in_flight: Candidates being worked on.
        best: The best candidates so far, best first.
        baseline: The best baseline so far.
        cost_usd: Spent on language models.
        budget_usd: The limit on it.
        messages: The latest events, oldest first.
    """

    campaign_id: str
    phase: str
    elapsed_s: float
    eta_s: float | None
    time_limit_s: float | None
    proposals_done: int
    proposals_target: int | None
    counts: Mapping[str, int] = field(default_factory=dict)
    in_flight: tuple[InFlight, ...] = ()
    best: tuple[Leader, ...] = ()
    baseline: Leader | None = None
    cost_usd: float = 0.0
    budget_usd: float | None = None
    messages: tuple[str, ...] = ()


class Observer(Protocol):
    """Somebody who watches a campaign; called from the campaign's own thread, must be quick."""

    def notify(self, progress: Progress) -> None:
        """Called after every change and about twice a second."""
        ...
