"""Candidates: add one, move it on, find it again; its attempts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from agent.archive.dialect import starts_with, upsert
from agent.archive.identity import padded_candidate_id
from agent.archive.operations.base import Operations, dialect_of, insert_once, to_record, to_values
from agent.archive.operations.campaigns import latest_campaign
from agent.archive.records import AttemptRecord, CandidateRecord
from agent.archive.tables import Attempt, Candidate, CandidateCount, CandidateParent
from templates.errors import UserError

__all__ = ["CandidateOperations"]

_FIXED = frozenset({"id", "campaign_id", "index", "created_at"})
_CHANGEABLE = frozenset(field.name for field in fields(CandidateRecord)) - _FIXED


class CandidateOperations(Operations):
    """Operations on candidates and on their attempts."""

    def add_candidate(self, record: CandidateRecord) -> CandidateRecord:
        """Add a candidate.

        Args:
            record: The candidate; its parents must be in the archive.

        Returns:
            The record.

        Raises:
            ValueError: The campaign already has a candidate with that identifier or index.
        """
        with self._writing() as session:
            taken = select(Candidate.id).where(
                (Candidate.id == record.id)
                | (
                    (Candidate.campaign_id == record.campaign_id)
                    & (Candidate.index == record.index)
                )
            )
            if session.scalars(taken).first() is not None:
                raise ValueError(f"candidate {record.id} (index {record.index}) was added already")
            row = Candidate(**to_values(record, leave_out=("parents",)))
            row.parent_links = _links(record)
            session.add(row)
            session.flush()
            _count(session, record, 1)
        return record

    def update_candidate(self, candidate: str, **changes: Any) -> CandidateRecord:
        """Change a candidate.

        Args:
            candidate: Its identifier.
            **changes: New values of fields of `CandidateRecord`, all but the identifier, the
                campaign, the index and the time of creation.

        Returns:
            The candidate as it is now.

        Raises:
            TypeError: A name is not that of a field that may change.
            LookupError: There is no such candidate.
        """
        unknown = sorted(set(changes) - _CHANGEABLE)
        if unknown:
            raise TypeError(f"a candidate's {', '.join(unknown)} cannot be changed")
        with self._writing() as session:
            row = _row(session, candidate)
            before = to_record(CandidateRecord, row)
            after = replace(before, **changes)
            for name in changes.keys() - {"parents"}:
                setattr(row, name, getattr(after, name))
            if "parents" in changes:
                row.parent_links.clear()
                session.flush()
                row.parent_links = _links(after)
            session.flush()
            if _count_key(before) != _count_key(after):
                _count(session, before, -1)
                _count(session, after, 1)
        return after

    def candidate(self, reference: str) -> CandidateRecord:
        """Find a candidate.

        Args:
            reference: Its identifier (also without leading zeros), a unique beginning of it, or
                its name within the latest campaign.

        Raises:
            UserError: No candidate or several match.
        """
        with self._reading() as session:
            row = session.get(Candidate, reference)
            shorthand = padded_candidate_id(reference)
            if row is None and shorthand is not None:
                row = session.get(Candidate, shorthand)
            if row is None:
                row = _by_prefix_or_name(session, reference)
            return to_record(CandidateRecord, row)

    def candidate_at(self, campaign: str, index: int) -> CandidateRecord | None:
        """The candidate of a campaign with that index; None where there is none yet."""
        query = select(Candidate).where(Candidate.campaign_id == campaign, Candidate.index == index)
        with self._reading() as session:
            row = session.scalars(query).first()
            return None if row is None else to_record(CandidateRecord, row)

    def candidates(
        self,
        campaign: str,
        *,
        kinds: Collection[str] | None = None,
        stages: Collection[str] | None = None,
        terminal: bool | None = None,
        limit: int | None = None,
        latest_first: bool = False,
    ) -> list[CandidateRecord]:
        """Candidates of a campaign in the order of their indices.

        Args:
            campaign: Identifier of the campaign.
            kinds: Only these kinds.
            stages: Only these stages.
            terminal: Only those that are done (True) or not done (False).
            limit: At most so many.
            latest_first: Begin with the highest index.
        """
        query = select(Candidate).where(Candidate.campaign_id == campaign)
        if kinds is not None:
            query = query.where(Candidate.kind.in_(kinds))
        if stages is not None:
            query = query.where(Candidate.stage.in_(stages))
        if terminal is not None:
            query = query.where(Candidate.terminal.is_(terminal))
        order = Candidate.index.desc() if latest_first else Candidate.index.asc()
        query = query.order_by(order).limit(limit)
        with self._reading() as session:
            return [to_record(CandidateRecord, row) for row in session.scalars(query)]

    def find_candidate(
        self,
        campaign: str,
        *,
        program_digest: str | None = None,
        fingerprint: str | None = None,
        name: str | None = None,
    ) -> CandidateRecord | None:
        """The earliest candidate of a campaign with these properties; None where there is none.

        Args:
            campaign: Identifier of the campaign.
            program_digest: Digest of its program.
            fingerprint: Its fingerprint.
            name: Its name.

        Raises:
            TypeError: No property was given.
        """
        query = select(Candidate).where(Candidate.campaign_id == campaign)
        if program_digest is fingerprint is name is None:
            raise TypeError("give a program_digest, a fingerprint or a name to look for")
        if program_digest is not None:
            query = query.where(Candidate.program_digest == program_digest)
        if fingerprint is not None:
            query = query.where(Candidate.fingerprint == fingerprint)
        if name is not None:
            query = query.where(Candidate.name == name)
        with self._reading() as session:
            row = session.scalars(query.order_by(Candidate.index).limit(1)).first()
            return None if row is None else to_record(CandidateRecord, row)

    def add_attempt(self, record: AttemptRecord) -> bool:
        """Add a version of a candidate's code, once.

        Returns:
            False where that attempt was there already; it is left as it was.
        """
        with self._writing() as session:
            return insert_once(session, Attempt, to_values(record))

    def attempts(self, candidate: str) -> list[AttemptRecord]:
        """The versions of a candidate's code, the first one first."""
        query = select(Attempt).where(Attempt.candidate_id == candidate).order_by(Attempt.attempt)
        with self._reading() as session:
            return [to_record(AttemptRecord, row) for row in session.scalars(query)]


def _links(record: CandidateRecord) -> list[CandidateParent]:
    return [
        CandidateParent(candidate_id=record.id, position=position, parent_id=parent)
        for position, parent in enumerate(record.parents)
    ]


def _row(session: Session, candidate: str) -> Candidate:
    row = session.get(Candidate, candidate)
    if row is None:
        raise LookupError(f"the archive has no candidate {candidate!r}")
    return row


def _by_prefix_or_name(session: Session, reference: str) -> Candidate:
    begins = starts_with(dialect_of(session), Candidate.id, reference)
    matches = session.scalars(select(Candidate).where(begins).order_by(Candidate.id).limit(4)).all()
    latest = latest_campaign(session)
    if not matches and latest is not None:
        named = select(Candidate).where(
            (Candidate.campaign_id == latest.id) & (Candidate.name == reference)
        )
        matches = session.scalars(named.order_by(Candidate.index).limit(4)).all()
    if len(matches) == 1:
        return matches[0]
    if matches:
        found = ", ".join(match.id for match in matches[:3])
        raise UserError(f"several candidates match {reference!r}: {found}, ...")
    if latest is None:
        raise UserError(f"no candidate {reference!r}: the archive has no campaign yet")
    recent = select(Candidate.name).where(Candidate.campaign_id == latest.id)
    names = list(session.scalars(recent.order_by(Candidate.index.desc()).limit(1000)))
    near = get_close_matches(reference, sorted(set(names)), n=3)
    hint = f"; near ones: {', '.join(near)}" if near else ""
    raise UserError(f"no candidate {reference!r} in the archive or in campaign {latest.id}{hint}")


def _count_key(record: CandidateRecord) -> dict[str, Any]:
    return {
        "campaign_id": record.campaign_id,
        "kind": record.kind,
        "stage": record.stage,
        "terminal": record.terminal,
        "outcome": record.outcome or "",
        "error_kind": record.error_kind or "",
    }


def _count(session: Session, record: CandidateRecord, change: int) -> None:
    key = _count_key(record)
    statement = upsert(dialect_of(session), CandidateCount).values(**key, count=change)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=list(key), set_={"count": CandidateCount.count + change}
        )
    )
