"""What sandbox a result was measured in and what held there, also where it is reused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was measured before says nothing of it, and nothing is made up.
    op.add_column("evaluations", sa.Column("guarantees", sa.Text(), nullable=True))
    op.add_column("measurements", sa.Column("sandbox", sa.Text(), nullable=True))
    op.add_column("measurements", sa.Column("guarantees", sa.Text(), nullable=True))
