"""What a prompt shows of the archive: parents, siblings and failures, and the rule that picks them.

A new rule is one file in ``selectors/``: a class with this protocol and one registry entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from templates.contract import Direction

__all__ = [
    "Failure",
    "Peer",
    "Selection",
    "Selector",
    "eligible_parents",
    "failures_of",
    "ranked",
    "siblings_of",
]

_MESSAGE_LENGTH = 240


@dataclass(frozen=True)
class Peer:
    """One candidate of the archive, as far as a proposer may see it.

    Args:
        id: The candidate's id in the archive.
        index: Position in the campaign; larger is more recent.
        name: Name within the campaign.
        thought: Why it should work; empty for baselines.
        code: Its source, or a text that stands for it.
        sketched: Whether ``code`` is such a text, for example a table of values.
        kind: Where it came from.
        stage: The last tier it completed, or where it failed.
        score: Primary metric, in the metric's own direction; None where it was not scored.
        low: Lower end of the score's interval.
        high: Upper end of the score's interval.
        metrics: Every metric by name, averaged over the search tasks and seeds it was measured on.
        parents: Ids of the candidates it was made from.
        known_as: Name of the known function it equals.
        review: Short text of its reviews.
        verdict: The worst of what the reviewers of its code said.
        error_kind: Class of the candidate error that ended it.
        error_message: That error in words.
    """

    id: str
    index: int
    name: str
    thought: str
    code: str
    kind: Literal["proposal", "baseline", "control", "user"]
    stage: str
    sketched: bool = False
    score: float | None = None
    low: float | None = None
    high: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict, hash=False)
    parents: tuple[str, ...] = ()
    known_as: str | None = None
    review: str | None = None
    verdict: Literal["accept", "concern", "reject"] | None = None
    error_kind: str | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class Failure:
    """One kind of mistake made so far: how often, and its most recent message."""

    kind: str
    message: str
    count: int


@dataclass(frozen=True)
class Selection:
    """What one prompt shows; ``strategy`` names the rule that chose the parents."""

    parents: tuple[Peer, ...]
    siblings: tuple[Peer, ...]
    failures: tuple[Failure, ...]
    strategy: str


class Selector(Protocol):
    """Chooses what one prompt shows.

    Constructed once per campaign with the direction of the primary metric; ``select`` is called
    once per proposal slot. It must be a pure function of its arguments: the same peers and the
    same generator state give the same selection, whatever the order of the peers.
    """

    name: str

    def select(self, visible: Sequence[Peer], rng: np.random.Generator) -> Selection:
        """Choose parents, siblings and failures among the visible candidates.

        Args:
            visible: What the archive shows at this moment, in any order.
            rng: The slot's own generator.

        Returns:
            The selection; without parents where nothing can be one.
        """
        ...


def ranked(peers: Sequence[Peer], direction: Direction) -> list[Peer]:
    """The scored peers, the best first; ties go to the older one."""
    scored = [peer for peer in peers if peer.score is not None and np.isfinite(peer.score)]
    return sorted(scored, key=lambda peer: (-direction.sign * _score(peer), peer.index, peer.id))


def eligible_parents(visible: Sequence[Peer], direction: Direction) -> list[Peer]:
    """Who may be a parent, the best first and those that a review rejects last.

    Controls never are; a proposal that equals a known function is represented by that function.
    """
    eligible = [
        peer
        for peer in ranked(visible, direction)
        if peer.kind != "control" and peer.known_as is None and peer.error_kind is None
    ]
    return sorted(eligible, key=lambda peer: peer.verdict == "reject")


def siblings_of(
    visible: Sequence[Peer],
    parents: Sequence[Peer],
    direction: Direction,
    *,
    best: int = 2,
    recent: int = 2,
) -> tuple[Peer, ...]:
    """Other proposals worth showing: the best ones and the most recent ones, the best first.

    Baselines are left out, since a prompt lists them on their own. A proposal that turned out to
    be a known function is shown as well: its name says what not to propose again.
    """
    taken = {peer.id for peer in parents}
    others = [p for p in visible if p.kind in ("proposal", "user") and p.id not in taken]
    good = ranked(others, direction)
    chosen = good[:best]
    by_age = sorted(others, key=lambda peer: (-peer.index, peer.id))
    usable = [p for p in by_age if (p.score is not None or p.known_as) and p not in chosen]
    chosen += usable[:recent]
    order = {peer.id: position for position, peer in enumerate(good)}
    return tuple(sorted(chosen, key=lambda peer: (order.get(peer.id, len(order)), peer.index)))


def failures_of(visible: Sequence[Peer], limit: int = 3) -> tuple[Failure, ...]:
    """The kinds of mistakes made so far, the most frequent first, each with its last message."""
    by_kind: dict[str, list[Peer]] = {}
    for peer in visible:
        if peer.error_kind is not None:
            by_kind.setdefault(peer.error_kind, []).append(peer)
    failures = []
    for kind, peers in by_kind.items():
        last = max(peers, key=lambda peer: (peer.index, peer.id))
        message = " ".join((last.error_message or "").split())
        if len(message) > _MESSAGE_LENGTH:
            message = message[: _MESSAGE_LENGTH - 3].rstrip() + "..."
        failures.append(Failure(kind, message, len(peers)))
    failures.sort(key=lambda failure: (-failure.count, failure.kind))
    return tuple(failures[:limit])


def _score(peer: Peer) -> float:
    if peer.score is None:
        raise ValueError(f"candidate {peer.name} has no score")
    return peer.score
