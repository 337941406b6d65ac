"""Campaigns: begin one, find one, end one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.archive.dialect import starts_with
from agent.archive.identity import campaign_id, campaign_tag
from agent.archive.operations.base import Operations, dialect_of, to_record, to_values
from agent.archive.records import CampaignRecord, CampaignStatus
from agent.archive.tables import Campaign
from templates.errors import UserError

__all__ = ["CampaignOperations", "campaign_row", "latest_campaign"]


def latest_campaign(session: Session) -> Campaign | None:
    """The campaign that began last."""
    newest = select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(1)
    return session.scalars(newest).first()


def campaign_row(session: Session, identifier: str) -> Campaign:
    """The campaign with exactly that identifier; a caller's bug where there is none."""
    row = session.get(Campaign, identifier)
    if row is None:
        raise LookupError(f"the archive has no campaign {identifier!r}")
    return row


class CampaignOperations(Operations):
    """Operations on campaigns."""

    def new_campaign_id(self, template: str, created_at: datetime, seed: int) -> str:
        """An identifier that no campaign of this archive has.

        Args:
            template: Name of the template.
            created_at: When the campaign begins, with its time zone.
            seed: Seed of the campaign.
        """
        with self._reading() as session:
            salt = 0
            while True:
                identifier = campaign_id(template, created_at, seed, salt)
                taken = select(Campaign.id).where(Campaign.tag == campaign_tag(identifier))
                if session.scalars(taken).first() is None:
                    return identifier
                salt += 1

    def create_campaign(self, record: CampaignRecord) -> CampaignRecord:
        """Add a campaign.

        Args:
            record: The campaign; take its identifier from `new_campaign_id`.

        Returns:
            The record.

        Raises:
            ValueError: Another campaign has the identifier, or the same last part of it, which
                candidates are named after.
        """
        tag = campaign_tag(record.id)
        with self._writing() as session:
            taken = session.scalars(select(Campaign.id).where(Campaign.tag == tag)).first()
            if taken is not None:
                raise ValueError(f"campaign {record.id!r} cannot be named after {taken!r}")
            session.add(Campaign(tag=tag, **to_values(record)))
            session.flush()
        return record

    def campaign(self, reference: str = "latest") -> CampaignRecord:
        """Find a campaign.

        Args:
            reference: Its identifier, a unique beginning of it, its tag, or ``latest``.

        Raises:
            UserError: No campaign or several match.
        """
        with self._reading() as session:
            if reference == "latest":
                latest = latest_campaign(session)
                if latest is None:
                    raise UserError("the archive has no campaign yet: begin one with discover run")
                return to_record(CampaignRecord, latest)
            row = (
                session.get(Campaign, reference)
                or session.scalars(select(Campaign).where(Campaign.tag == reference)).first()
            )
            if row is not None:
                return to_record(CampaignRecord, row)
            begins = starts_with(dialect_of(session), Campaign.id, reference)
            matches = session.scalars(
                select(Campaign).where(begins).order_by(Campaign.id).limit(4)
            ).all()
            if len(matches) == 1:
                return to_record(CampaignRecord, matches[0])
            if matches:
                names = ", ".join(match.id for match in matches[:3])
                raise UserError(f"several campaigns begin with {reference!r}: {names}, ...")
            recent = select(Campaign.id).order_by(Campaign.created_at.desc()).limit(500)
            known = list(session.scalars(recent))
            near = get_close_matches(reference, known, n=3, cutoff=0.4) or known[:3]
            hint = f"; there are: {', '.join(near)}" if near else ""
            raise UserError(f"no campaign {reference!r}{hint}")

    def campaigns(self) -> list[CampaignRecord]:
        """Every campaign, the latest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc())
            )
            return [to_record(CampaignRecord, row) for row in rows]

    def set_campaign_settings(self, campaign: str, settings: Mapping[str, Any]) -> None:
        """Note other settings, such as limits that were raised.

        Args:
            campaign: Its identifier.
            settings: All of them.
        """
        with self._writing() as session:
            campaign_row(session, campaign).settings = dict(settings)

    def set_campaign_status(
        self,
        campaign: str,
        status: CampaignStatus,
        *,
        finished_at: datetime | None = None,
        stop_reason: str | None = None,
    ) -> None:
        """Note that a campaign ended, or goes on.

        Args:
            campaign: Its identifier.
            status: Its new status.
            finished_at: When it ended; None for one that goes on.
            stop_reason: Why it ended; None for one that goes on.
        """
        with self._writing() as session:
            row = campaign_row(session, campaign)
            row.status = status
            row.finished_at = finished_at
            row.stop_reason = stop_reason
            session.flush()

    def set_campaign_worked(self, campaign: str, seconds: float) -> None:
        """Note how long processes have worked on a campaign; never less than before."""
        with self._writing() as session:
            row = campaign_row(session, campaign)
            row.worked_s = max(row.worked_s, seconds)
            session.flush()

    def set_campaign_environment(self, campaign: str, environment: Mapping[str, Any]) -> None:
        """Replace what is stored about versions, sandbox, device and models of a campaign."""
        with self._writing() as session:
            campaign_row(session, campaign).environment = dict(environment)
            session.flush()
