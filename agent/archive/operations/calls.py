"""Model calls and what they cost."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select, update

from agent.archive.operations.base import Operations, insert_once, to_record, to_values
from agent.archive.operations.campaigns import campaign_row
from agent.archive.records import CALL_SENT, EventRecord, ModelCallRecord, UsageRecord
from agent.archive.tables import Campaign, Event, ModelCall

__all__ = ["CallOperations"]

_KEY = ("campaign_id", "slot", "attempt", "role", "try_number")


class CallOperations(Operations):
    """Operations on model calls; the totals of a campaign grow with each one."""

    def add_model_call(self, record: ModelCallRecord) -> bool:
        """Add a call, once, and add its tokens and cost to the campaign's totals.

        Args:
            record: The call, answered or failed.

        Returns:
            False where the same (campaign, slot, attempt, role, try number) was there already; it
            is left as it was and nothing is counted twice.
        """
        with self._writing() as session:
            if not insert_once(session, ModelCall, to_values(record), _KEY):
                return False
            session.execute(
                update(Campaign)
                .where(Campaign.id == record.campaign_id)
                .values(
                    calls=Campaign.calls + 1,
                    failed_calls=Campaign.failed_calls + int(record.error is not None),
                    prompt_tokens=Campaign.prompt_tokens + record.prompt_tokens,
                    completion_tokens=Campaign.completion_tokens + record.completion_tokens,
                    cost_usd=Campaign.cost_usd + record.cost_usd,
                )
            )
            return True

    def model_calls(self, campaign: str, slot: int | None = None) -> list[ModelCallRecord]:
        """Calls of a campaign, ordered by slot, attempt, role and try number.

        Args:
            campaign: Identifier of the campaign.
            slot: Only the calls of this slot.
        """
        query = select(ModelCall).where(ModelCall.campaign_id == campaign)
        if slot is not None:
            query = query.where(ModelCall.slot == slot)
        query = query.order_by(
            ModelCall.slot, ModelCall.attempt, ModelCall.role, ModelCall.try_number
        )
        with self._reading() as session:
            return [to_record(ModelCallRecord, row) for row in session.scalars(query)]

    def answered_call(
        self, campaign: str, slot: int, attempt: int, role: str
    ) -> ModelCallRecord | None:
        """The answer that was already paid for, so that a resumed step does not ask again.

        Returns:
            The call with a completion; None where no try was answered.
        """
        query = (
            select(ModelCall)
            .where(
                ModelCall.campaign_id == campaign,
                ModelCall.slot == slot,
                ModelCall.attempt == attempt,
                ModelCall.role == role,
                ModelCall.completion.is_not(None),
            )
            .order_by(ModelCall.try_number.desc())
            .limit(1)
        )
        with self._reading() as session:
            row = session.scalars(query).first()
            return None if row is None else to_record(ModelCallRecord, row)

    def cut_off_calls(self, campaign: str) -> list[EventRecord]:
        """Calls that were sent and have no record: a stop or the process's end came before.

        Returns:
            The `CALL_SENT` events, one for each time that a call was cut off.
        """
        sent = (
            select(Event)
            .where(Event.campaign_id == campaign, Event.kind == CALL_SENT)
            .order_by(Event.id.desc())
        )
        known = select(ModelCall.id).where(ModelCall.campaign_id == campaign)
        with self._reading() as session:
            events = [to_record(EventRecord, row) for row in session.scalars(sent)]
            answers = Counter(session.scalars(known))
        # The last time that a recorded call was sent is the one that was answered.
        cut_off = []
        for event in events:
            if answers[event.payload["call"]]:
                answers[event.payload["call"]] -= 1
            else:
                cut_off.append(event)
        return cut_off[::-1]

    def usage(self, campaign: str) -> UsageRecord:
        """Calls, tokens and dollars of a campaign so far; a counter, not a scan."""
        with self._reading() as session:
            return to_record(UsageRecord, campaign_row(session, campaign))

    def cost(self, campaign: str) -> float:
        """Dollars that a campaign has spent so far."""
        return self.usage(campaign).cost_usd
