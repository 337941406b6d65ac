"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite only numbers rows by itself where the key's type is exactly INTEGER.
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=120), nullable=False),
        sa.Column("template_digest", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("failed_calls", sa.BigInteger(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "status IN ('running', 'stopped', 'done', 'failed')", name=op.f("ck_campaigns_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("tag", name=op.f("uq_campaigns_tag")),
    )
    op.create_index(op.f("ix_campaigns_created_at"), "campaigns", ["created_at"], unique=False)
    op.create_table(
        "measurements",
        sa.Column("template_digest", sa.String(length=128), nullable=False),
        sa.Column("program_digest", sa.String(length=128), nullable=False),
        sa.Column("effort", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=120), nullable=False),
        sa.Column("seed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=160), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "template_digest",
            "program_digest",
            "effort",
            "task",
            "seed",
            "device",
            name=op.f("pk_measurements"),
        ),
    )
    op.create_table(
        "prompts",
        sa.Column("hash", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_prompts")),
    )
    op.create_table(
        "candidate_counts",
        sa.Column("campaign_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("terminal", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_kind", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_candidate_counts_campaign_id_campaigns"),
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id",
            "kind",
            "stage",
            "terminal",
            "outcome",
            "error_kind",
            name=op.f("pk_candidate_counts"),
        ),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=160), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("terminal", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("thought", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("program_digest", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("known_as", sa.Text(), nullable=True),
        sa.Column("duplicate_of", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("closed_form", sa.Text(), nullable=True),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("score_low", sa.Double(), nullable=True),
        sa.Column("score_high", sa.Double(), nullable=True),
        sa.Column("is_discovery", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('proposal', 'baseline', 'control', 'user')", name=op.f("ck_candidates_kind")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_candidates_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint("campaign_id", "index", name=op.f("uq_candidates_campaign_id_index")),
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_fingerprint"),
        "candidates",
        ["campaign_id", "fingerprint"],
        unique=False,
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_kind_index"),
        "candidates",
        ["campaign_id", "kind", "index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_name"), "candidates", ["campaign_id", "name"], unique=False
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_program_digest"),
        "candidates",
        ["campaign_id", "program_digest"],
        unique=False,
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_score_index"),
        "candidates",
        ["campaign_id", "score", "index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_stage_index"),
        "candidates",
        ["campaign_id", "stage", "index"],
        unique=False,
    )
    op.create_index(
        op.f("ix_candidates_campaign_id_terminal_index"),
        "candidates",
        ["campaign_id", "terminal", "index"],
        unique=False,
    )
    op.create_table(
        "events",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("campaign_id", sa.String(length=160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_events_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_campaign_id_id"), "events", ["campaign_id", "id"], unique=False)
    op.create_table(
        "model_calls",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("campaign_id", sa.String(length=160), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("try_number", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_hash", sa.Text(), nullable=False),
        sa.Column("messages", sa.Text(), nullable=False),
        sa.Column("completion", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("latency_s", sa.Double(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_model_calls_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
        sa.UniqueConstraint(
            "campaign_id",
            "slot",
            "attempt",
            "role",
            "try_number",
            name=op.f("uq_model_calls_campaign_id_slot_attempt_role_try_number"),
        ),
    )
    op.create_table(
        "attempts",
        sa.Column("candidate_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_attempts_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "attempt", name=op.f("pk_attempts")),
    )
    op.create_table(
        "candidate_parents",
        sa.Column("candidate_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_candidate_parents_candidate_id_candidates"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["candidates.id"], name=op.f("fk_candidate_parents_parent_id_candidates")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "position", name=op.f("pk_candidate_parents")),
    )
    op.create_index(
        op.f("ix_candidate_parents_parent_id"), "candidate_parents", ["parent_id"], unique=False
    )
    op.create_table(
        "evaluations",
        sa.Column("candidate_id", sa.String(length=64), nullable=False),
        sa.Column("effort", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=120), nullable=False),
        sa.Column("seed", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("primary", sa.Double(), nullable=False),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("sandbox", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.CheckConstraint("source IN ('measured', 'reused')", name=op.f("ck_evaluations_source")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_evaluations_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint(
            "candidate_id", "effort", "task", "seed", name=op.f("pk_evaluations")
        ),
    )
    op.create_table(
        "reviews",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("candidate_id", sa.String(length=64), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_reviews_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(
        op.f("ix_reviews_candidate_id_id"), "reviews", ["candidate_id", "id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("reviews")
    op.drop_table("evaluations")
    op.drop_table("candidate_parents")
    op.drop_table("attempts")
    op.drop_table("model_calls")
    op.drop_table("events")
    op.drop_table("candidates")
    op.drop_table("candidate_counts")
    op.drop_table("prompts")
    op.drop_table("measurements")
    op.drop_table("campaigns")
