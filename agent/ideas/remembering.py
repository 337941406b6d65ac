"""What earlier campaigns on the same task came to, as the first idea of a campaign finds it.

It is kept with the campaign the first time that it is asked for: campaigns and reviews of papers
that come later change nothing of what a resumed campaign asks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from agent.archive import Archive, CandidateRecord, EventRecord
from reviewers import NOTHING_TO_OBJECT
from templates.contract import TemplateSpec

__all__ = ["Remembered", "earlier_campaigns"]

_EVENT = "idea.earlier"
_OF_EACH = 3
_MOST = 4


@dataclass(frozen=True)
class Remembered:
    """A proposal of an earlier campaign.

    Args:
        name: Its name.
        thought: Why it should work.
        score: Primary metric.
        is_discovery: Whether it was confirmed.
        review: What was said last by each reviewer, of its code and of its paper.
    """

    name: str
    thought: str
    score: float | None
    is_discovery: bool
    review: str


def earlier_campaigns(archive: Archive, campaign: str, spec: TemplateSpec) -> list[Remembered]:
    """The best of campaigns that were done before, discoveries and reviewed papers first.

    Args:
        archive: The archive.
        campaign: Identifier of the campaign that asks.
        spec: Its task; only campaigns on the very same version of it count.
    """
    for event in archive.events(campaign, kinds=(_EVENT,)):
        return [Remembered(**one) for one in event.payload["proposals"]]
    asking = archive.campaign(campaign)
    found: list[tuple[bool, CandidateRecord, Remembered]] = []
    for other in archive.campaigns():
        same = other.template_digest == asking.template_digest and other.id != asking.id
        if not same or other.status != "done" or other.finished_at is None:
            continue
        if other.finished_at > asking.created_at:
            continue
        best = archive.leaderboard(
            other.id, _OF_EACH, direction=spec.primary.direction, kinds=["proposal"]
        )
        for record in best:
            reviews = {one.reviewer: one.text for one in archive.reviews(record.id)}
            order = sorted(reviews, key=lambda name: name != "paper")
            said = [reviews[name] for name in order if reviews[name] != NOTHING_TO_OBJECT]
            remembered = Remembered(
                record.name, record.thought, record.score, record.is_discovery, " ".join(said)
            )
            found.append(("paper" in reviews, record, remembered))
    sign = spec.primary.direction.sign
    found.sort(key=lambda one: (-one[1].is_discovery, -one[0], -sign * (one[1].score or 0.0)))
    chosen = [remembered for _, _, remembered in found[:_MOST]]
    payload = {"proposals": [asdict(one) for one in chosen]}
    archive.add_event(EventRecord(campaign, datetime.now(UTC), _EVENT, payload))
    return chosen
