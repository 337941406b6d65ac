"""What confirmations said, as the campaign recorded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.archive import Archive, CandidateRecord
from agent.evaluation.statistics import Estimate

__all__ = ["Confirmation", "confirmations_of"]


@dataclass(frozen=True)
class Confirmation:
    """What the confirm tier said about one candidate; gains are positive where it is better."""

    candidate: CandidateRecord
    gain: Estimate
    gain_over: str
    held_out_gain: Estimate | None
    held_out_over: str | None
    holds: bool


def confirmations_of(
    archive: Archive, campaign: str, proposals: Sequence[CandidateRecord]
) -> tuple[Confirmation, ...]:
    """The confirmations of a campaign, in the order in which they were made."""
    by_id = {record.id: record for record in proposals}
    found: dict[str, Confirmation] = {}
    for event in archive.events(campaign, kinds=("confirmed",)):
        said = event.payload
        candidate = by_id.get(said["candidate"])
        if candidate is None:
            continue
        held_out = said["held_out_gain"]
        found[candidate.id] = Confirmation(
            candidate=candidate,
            gain=_estimate(said["gain"]),
            gain_over=said["gain_over"],
            held_out_gain=None if held_out is None else _estimate(held_out),
            held_out_over=said["held_out_over"],
            holds=said["holds"],
        )
    return tuple(found.values())


def _estimate(data: Mapping[str, Any]) -> Estimate:
    return Estimate(data["value"], data["low"], data["high"], data["n"], data["confidence"])
