"""Views: the leaderboard, counts and lineage of a campaign, each from an index or a counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import select

from agent.archive.operations.base import Operations, to_record
from agent.archive.records import CandidateCounts, CandidateRecord
from agent.archive.tables import Candidate, CandidateCount, CandidateParent
from templates.contract import Direction

__all__ = ["ViewOperations"]

# How many identifiers go into one query; databases bound the number of parameters.
_BATCH = 500
# Stages whose scores rest on the seeds of the search tier.
_SEARCHED = ("search", "confirm")


class ViewOperations(Operations):
    """What a person or a parent selection asks of a campaign."""

    def counts(self, campaign: str, *, kinds: Collection[str] | None = None) -> CandidateCounts:
        """How many candidates are where; read from running counters.

        Args:
            campaign: Identifier of the campaign.
            kinds: Only these kinds of candidates.
        """
        # Columns, not rows: inside a transaction a row would be remembered as it was first seen.
        query = select(
            CandidateCount.stage,
            CandidateCount.terminal,
            CandidateCount.outcome,
            CandidateCount.error_kind,
            CandidateCount.count,
        ).where(CandidateCount.campaign_id == campaign, CandidateCount.count != 0)
        if kinds is not None:
            query = query.where(CandidateCount.kind.in_(kinds))
        stages: Counter[str] = Counter()
        outcomes: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        terminal = 0
        with self._reading() as session:
            for stage, done, outcome, error_kind, count in session.execute(query):
                stages[stage] += count
                terminal += count if done else 0
                if outcome:
                    outcomes[outcome] += count
                if error_kind:
                    errors[error_kind] += count
        return CandidateCounts(
            total=stages.total(),
            terminal=terminal,
            by_stage=dict(sorted(stages.items())),
            by_outcome=dict(sorted(outcomes.items())),
            by_error_kind=dict(sorted(errors.items())),
        )

    def leaderboard(
        self,
        campaign: str,
        limit: int = 10,
        *,
        direction: Direction = Direction.MAXIMIZE,
        kinds: Collection[str] | None = None,
        stages: Collection[str] | None = None,
    ) -> list[CandidateRecord]:
        """The best candidates of a campaign by score; the earlier one first where scores tie.

        Those that the search tier scored come first: scores on fewer seeds are not comparable.

        Args:
            campaign: Identifier of the campaign.
            limit: At most so many.
            direction: Which way the score is better.
            kinds: Only these kinds.
            stages: Only these stages.
        """
        maximize = direction is Direction.MAXIMIZE
        order = Candidate.score.desc() if maximize else Candidate.score.asc()
        query = select(Candidate).where(
            Candidate.campaign_id == campaign, Candidate.score.is_not(None)
        )
        if kinds is not None:
            query = query.where(Candidate.kind.in_(kinds))
        if stages is not None:
            query = query.where(Candidate.stage.in_(stages))
        searched = Candidate.stage.in_(_SEARCHED)
        found: list[CandidateRecord] = []
        with self._reading() as session:
            for part in (query.where(searched), query.where(~searched)):
                rows = session.scalars(
                    part.order_by(order, Candidate.index).limit(limit - len(found))
                )
                found += [to_record(CandidateRecord, row) for row in rows]
        return found

    def children(self, candidate: str) -> list[CandidateRecord]:
        """The candidates that name this one as a parent."""
        query = (
            select(Candidate)
            .where(
                Candidate.id.in_(
                    select(CandidateParent.candidate_id).where(
                        CandidateParent.parent_id == candidate
                    )
                )
            )
            .order_by(Candidate.index)
        )
        with self._reading() as session:
            return [to_record(CandidateRecord, row) for row in session.scalars(query)]
