"""Evaluations, measurements that campaigns share, and reviews."""

from __future__ import annotations

from sqlalchemy import delete, select

from agent.archive.operations.base import Operations, insert_once, to_record, to_values
from agent.archive.records import EvaluationRecord, Measurement, MeasurementKey, ReviewRecord
from agent.archive.tables import Evaluation, MeasurementRow, Review

__all__ = ["EvaluationOperations"]


class EvaluationOperations(Operations):
    """Operations on what was measured and said about candidates."""

    def add_evaluation(self, record: EvaluationRecord) -> bool:
        """Add the result of one seed of one task, once.

        Returns:
            False where (candidate, effort, task, seed) has a result already; that one is kept.
        """
        with self._writing() as session:
            return insert_once(session, Evaluation, to_values(record))

    def drop_evaluations(self, candidate: str) -> None:
        """Take back all results of a candidate, whose program is given up for another one.

        What campaigns share is kept, under the digest of the program that it belongs to.

        Args:
            candidate: Identifier of the candidate.
        """
        with self._writing() as session:
            session.execute(delete(Evaluation).where(Evaluation.candidate_id == candidate))

    def evaluations(
        self, candidate: str, effort: str | None = None, task: str | None = None
    ) -> list[EvaluationRecord]:
        """Results of a candidate, ordered by effort, task and seed.

        Args:
            candidate: Identifier of the candidate.
            effort: Only this effort.
            task: Only this task.
        """
        query = select(Evaluation).where(Evaluation.candidate_id == candidate)
        if effort is not None:
            query = query.where(Evaluation.effort == effort)
        if task is not None:
            query = query.where(Evaluation.task == task)
        query = query.order_by(Evaluation.effort, Evaluation.task, Evaluation.seed)
        with self._reading() as session:
            return [to_record(EvaluationRecord, row) for row in session.scalars(query)]

    def cached(self, key: MeasurementKey) -> Measurement | None:
        """What any campaign of this archive measured under a key; None where nothing was."""
        with self._reading() as session:
            row = session.get(
                MeasurementRow,
                (
                    key.template_digest,
                    key.program_digest,
                    key.effort,
                    key.task,
                    key.seed,
                    key.device,
                ),
            )
            return None if row is None else to_record(Measurement, row)

    def put_cached(self, key: MeasurementKey, measurement: Measurement) -> bool:
        """Keep a measurement for every campaign.

        Returns:
            False where the key has a measurement already; that one is kept.
        """
        with self._writing() as session:
            values = {**to_values(key), **to_values(measurement)}
            return insert_once(session, MeasurementRow, values)

    def add_review(self, record: ReviewRecord) -> None:
        """Add a review; a reviewer may speak more than once."""
        with self._writing() as session:
            session.add(Review(**to_values(record)))
            session.flush()

    def reviews(self, candidate: str) -> list[ReviewRecord]:
        """Reviews of a candidate, in the order in which they were given."""
        query = select(Review).where(Review.candidate_id == candidate).order_by(Review.id)
        with self._reading() as session:
            return [to_record(ReviewRecord, row) for row in session.scalars(query)]
