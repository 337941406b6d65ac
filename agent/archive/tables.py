"""Tables of the archive.

Nothing outside this package sees these classes: records.py is the boundary. Every index here
serves a question that is asked at each step of a campaign, so that a step costs the same at ten
candidates and at ten thousand. A change here needs a migration (migrations/versions).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from agent.archive.columns import JsonText, JsonTuple, PlainText, UtcDateTime

__all__ = [
    "Artifact",
    "Attempt",
    "Base",
    "Campaign",
    "Candidate",
    "CandidateCount",
    "CandidateParent",
    "Evaluation",
    "Event",
    "MeasurementRow",
    "ModelCall",
    "Prompt",
    "Review",
]

# SQLite only numbers rows by itself where the key's type is exactly INTEGER.
_RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Common base: names every constraint, so that migrations can refer to it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as it is)
        str: PlainText(),
        float: Double(),
        int: BigInteger(),
        datetime: UtcDateTime(),
        dict[str, Any]: JsonText(),
        tuple[str, ...]: JsonTuple(),
    }


class Campaign(Base):
    """A campaign with the running totals of its model calls."""

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'stopped', 'done', 'failed')", name="status"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(String(160), primary_key=True)
    tag: Mapped[str] = mapped_column(String(32), unique=True)
    template: Mapped[str] = mapped_column(String(120))
    template_digest: Mapped[str]
    seed: Mapped[int]
    settings: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    stop_reason: Mapped[str | None]
    environment: Mapped[dict[str, Any]]
    calls: Mapped[int] = mapped_column(default=0)
    failed_calls: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    cost_usd: Mapped[float] = mapped_column(default=0.0)
    worked_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    salt: Mapped[str | None]


class Candidate(Base):
    """A candidate in its present state."""

    __tablename__ = "candidates"
    __table_args__ = (
        UniqueConstraint("campaign_id", "index"),
        CheckConstraint("kind IN ('proposal', 'baseline', 'control', 'user')", name="kind"),
        Index(None, "campaign_id", "kind", "index"),
        Index(None, "campaign_id", "stage", "index"),
        Index(None, "campaign_id", "terminal", "index"),
        Index(None, "campaign_id", "score", "index"),
        Index(None, "campaign_id", "name"),
        Index(None, "campaign_id", "program_digest"),
        Index(None, "campaign_id", "fingerprint"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"))
    index: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(32))
    terminal: Mapped[bool]
    outcome: Mapped[str | None]
    name: Mapped[str]
    thought: Mapped[str]
    code: Mapped[str]
    model: Mapped[str | None]
    program_digest: Mapped[str | None]
    fingerprint: Mapped[str | None]
    known_as: Mapped[str | None]
    duplicate_of: Mapped[str | None]
    flags: Mapped[tuple[str, ...]]
    closed_form: Mapped[str | None]
    error_kind: Mapped[str | None]
    error_message: Mapped[str | None]
    score: Mapped[float | None]
    score_low: Mapped[float | None]
    score_high: Mapped[float | None]
    is_discovery: Mapped[bool]
    created_at: Mapped[datetime]

    parent_links: Mapped[list[CandidateParent]] = relationship(
        lazy="selectin",
        order_by="CandidateParent.position",
        foreign_keys="CandidateParent.candidate_id",
        cascade="all, delete-orphan",
    )

    @property
    def parents(self) -> tuple[str, ...]:
        """Identifiers of the parents, in the order given."""
        return tuple(link.parent_id for link in self.parent_links)


class CandidateParent(Base):
    """One edge of the lineage."""

    __tablename__ = "candidate_parents"
    __table_args__ = (Index(None, "parent_id"),)

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))


class CandidateCount(Base):
    """Running counts of candidates; an absent outcome or error kind is the empty string."""

    __tablename__ = "candidate_counts"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    stage: Mapped[str] = mapped_column(String(32), primary_key=True)
    terminal: Mapped[bool] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    error_kind: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class Attempt(Base):
    """One version of a candidate's code."""

    __tablename__ = "attempts"

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    error_kind: Mapped[str | None]
    error_message: Mapped[str | None]
    call_id: Mapped[str | None]


class Evaluation(Base):
    """The result of one seed of one task."""

    __tablename__ = "evaluations"
    __table_args__ = (CheckConstraint("source IN ('measured', 'reused')", name="source"),)

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    effort: Mapped[str] = mapped_column(String(64), primary_key=True)
    task: Mapped[str] = mapped_column(String(120), primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    primary: Mapped[float]
    metrics: Mapped[dict[str, Any]]
    detail: Mapped[dict[str, Any]]
    failed: Mapped[str | None]
    seconds: Mapped[float]
    sandbox: Mapped[str]
    device: Mapped[str]
    worker: Mapped[str | None]
    source: Mapped[str] = mapped_column(String(16))
    guarantees: Mapped[dict[str, Any] | None]


class Artifact(Base):
    """Bytes of a candidate; ``data`` goes where it can be had again."""

    __tablename__ = "artifacts"

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes | None] = mapped_column(LargeBinary())


class MeasurementRow(Base):
    """A measurement that every campaign of this archive may reuse."""

    __tablename__ = "measurements"

    template_digest: Mapped[str] = mapped_column(String(128), primary_key=True)
    program_digest: Mapped[str] = mapped_column(String(128), primary_key=True)
    effort: Mapped[str] = mapped_column(String(64), primary_key=True)
    task: Mapped[str] = mapped_column(String(120), primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    device: Mapped[str] = mapped_column(String(160), primary_key=True)
    metrics: Mapped[dict[str, Any]]
    detail: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    failed: Mapped[str | None]
    sandbox: Mapped[str | None]
    guarantees: Mapped[dict[str, Any] | None]


class Review(Base):
    """A reviewer's verdict."""

    __tablename__ = "reviews"
    __table_args__ = (Index(None, "candidate_id", "id"),)

    id: Mapped[int] = mapped_column(_RowId, primary_key=True)
    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))
    reviewer: Mapped[str]
    verdict: Mapped[str]
    score: Mapped[float | None]
    text: Mapped[str]
    payload: Mapped[dict[str, Any]]


class ModelCall(Base):
    """A request to a language model and its answer."""

    __tablename__ = "model_calls"
    __table_args__ = (UniqueConstraint("campaign_id", "slot", "attempt", "role", "try_number"),)

    id: Mapped[str] = mapped_column(String(160), primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"))
    slot: Mapped[int]
    attempt: Mapped[int]
    role: Mapped[str] = mapped_column(String(64))
    try_number: Mapped[int]
    model: Mapped[str]
    prompt_hash: Mapped[str]
    messages: Mapped[Any] = mapped_column(JsonText(), nullable=False)
    completion: Mapped[str | None]
    error: Mapped[str | None]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cost_usd: Mapped[float]
    latency_s: Mapped[float]
    seed: Mapped[int | None]
    created_at: Mapped[datetime]
    notes: Mapped[Any] = mapped_column(JsonText(), nullable=False, server_default="[]")


class Event(Base):
    """Something that happened in a campaign."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "campaign_id", "id"),)

    id: Mapped[int] = mapped_column(_RowId, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]


class Prompt(Base):
    """A prompt template by content hash."""

    __tablename__ = "prompts"

    hash: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str]
    text: Mapped[str]
