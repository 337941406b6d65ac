"""Ideas in the archive: one event each, written once its fate is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from agent.archive import Archive, EventRecord
from agent.ideas.idea import Idea
from agent.ideas.novelty import Novelty

__all__ = ["Fate", "IdeaRecord", "ideas_of", "is_in_code", "keep_idea"]

Fate: TypeAlias = Literal["proposed", "continued", "known", "none"]

_EVENT = "idea"


@dataclass(frozen=True)
class IdeaRecord:
    """An idea as the archive has it.

    Args:
        slot: Number of the proposal that it was made for, from 0.
        candidate: Identifier of that proposal's candidate.
        fate: ``proposed``: the proposal was asked to carry it out; ``continued``: the proposal is
            a further run of an idea of an earlier slot, which is repeated here; ``known``: the
            literature has it; ``none``: the model gave no idea that can be read.
        idea: The idea; None where there is none.
        novelty: What the literature says; None where it was not asked.
        why: Why there is none.
        begun: Of a further run, the slot that the idea was made for.
    """

    slot: int
    candidate: str
    fate: Fate
    idea: Idea | None
    novelty: Novelty | None
    why: str = ""
    begun: int | None = None

    @property
    def is_carried_out(self) -> bool:
        """Whether its proposal was asked to carry it out, or to go on with it."""
        return self.fate in ("proposed", "continued")


def keep_idea(archive: Archive, campaign: str, record: IdeaRecord) -> None:
    """Add an idea to the archive."""
    payload = {
        "slot": record.slot,
        "candidate": record.candidate,
        "fate": record.fate,
        "idea": None if record.idea is None else record.idea.to_json(),
        "novelty": None if record.novelty is None else record.novelty.to_json(),
        "why": record.why,
        "begun": record.begun,
    }
    archive.add_event(EventRecord(campaign, datetime.now(UTC), _EVENT, payload))


def ideas_of(archive: Archive, campaign: str) -> list[IdeaRecord]:
    """The ideas of a campaign by slot.

    Args:
        archive: The archive.
        campaign: Identifier of the campaign.
    """
    found: dict[int, IdeaRecord] = {}
    for event in archive.events(campaign, kinds=(_EVENT,)):
        found.setdefault(event.payload["slot"], _record(event.payload))
    return [found[slot] for slot in sorted(found)]


def is_in_code(archive: Archive, record: IdeaRecord) -> bool:
    """Whether the code that became of a slot was asked to carry out its idea.

    Older campaigns made a proposal afresh and without the idea where its code failed.

    Args:
        archive: The archive.
        record: The idea and its slot.
    """
    if record.idea is None or not record.is_carried_out:
        return False
    candidate = archive.candidate(record.candidate)
    calls = archive.model_calls(candidate.campaign_id, candidate.index)
    asked = [call for call in calls if call.role == "propose" and call.messages]
    if not asked:
        return True
    last = max(asked, key=lambda call: call.attempt)
    return any(record.idea.text in str(message["content"]) for message in last.messages)


def _record(said: Mapping[str, Any]) -> IdeaRecord:
    return IdeaRecord(
        said["slot"],
        said["candidate"],
        said["fate"],
        None if said["idea"] is None else Idea.from_json(said["idea"]),
        None if said["novelty"] is None else Novelty.from_json(said["novelty"]),
        said["why"],
        said.get("begun"),
    )
