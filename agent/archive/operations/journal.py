"""Events of a campaign, and the prompt templates that were used."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from agent.archive.operations.base import Operations, insert_once, to_record, to_values
from agent.archive.records import EventRecord, PromptRecord
from agent.archive.tables import Event, Prompt

__all__ = ["JournalOperations"]


class JournalOperations(Operations):
    """Operations on events and prompts."""

    def add_event(self, record: EventRecord) -> None:
        """Add an event; its ``id`` is given by the archive."""
        with self._writing() as session:
            session.add(Event(**to_values(record, leave_out=("id",))))
            session.flush()

    def events(
        self,
        campaign: str,
        *,
        after: int = 0,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[EventRecord]:
        """Events of a campaign, in the order in which they happened.

        Args:
            campaign: Identifier of the campaign.
            after: Only events whose ``id`` is larger; a reader asks for what is new with it.
            kinds: Only these kinds.
            limit: At most so many.
        """
        query = select(Event).where(Event.campaign_id == campaign, Event.id > after)
        if kinds is not None:
            query = query.where(Event.kind.in_(kinds))
        with self._reading() as session:
            rows = session.scalars(query.order_by(Event.id).limit(limit))
            return [to_record(EventRecord, row) for row in rows]

    def add_prompt(self, record: PromptRecord) -> bool:
        """Keep a prompt template by its hash; False where it was kept already."""
        with self._writing() as session:
            return insert_once(session, Prompt, to_values(record))

    def prompt(self, hash: str) -> PromptRecord | None:
        """The prompt template with that hash; None where there is none."""
        with self._reading() as session:
            row = session.get(Prompt, hash)
            return None if row is None else to_record(PromptRecord, row)
