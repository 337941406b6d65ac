"""Notes on model calls, and how long a campaign has been worked on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("model_calls", sa.Column("notes", sa.Text(), nullable=False, server_default="[]"))
    op.add_column(
        "campaigns", sa.Column("worked_s", sa.Double(), nullable=False, server_default="0")
    )
