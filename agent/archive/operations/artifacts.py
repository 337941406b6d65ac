"""Bytes that belong to candidates."""

from __future__ import annotations

from sqlalchemy import select, update

from agent.archive.operations.base import Operations, insert_once, to_record, to_values
from agent.archive.records import ArtifactRecord
from agent.archive.tables import Artifact

__all__ = ["ArtifactOperations"]


class ArtifactOperations(Operations):
    """Operations on artifacts."""

    def add_artifact(self, record: ArtifactRecord) -> bool:
        """Keep an artifact, once.

        Returns:
            False where the candidate has one of that name already; that one is kept.
        """
        with self._writing() as session:
            return insert_once(session, Artifact, to_values(record))

    def artifact(self, candidate: str, name: str) -> ArtifactRecord | None:
        """A candidate's artifact of that name; None where there is none."""
        with self._reading() as session:
            row = session.get(Artifact, (candidate, name))
            return None if row is None else to_record(ArtifactRecord, row)

    def artifacts(self, candidate: str) -> list[ArtifactRecord]:
        """All artifacts of a candidate, by name."""
        query = select(Artifact).where(Artifact.candidate_id == candidate).order_by(Artifact.name)
        with self._reading() as session:
            return [to_record(ArtifactRecord, row) for row in session.scalars(query)]

    def drop_artifact_data(self, candidate: str, name: str) -> None:
        """Keep of an artifact no more than its digest."""
        statement = update(Artifact).where(
            Artifact.candidate_id == candidate, Artifact.name == name
        )
        with self._writing() as session:
            session.execute(statement.values(data=None))
