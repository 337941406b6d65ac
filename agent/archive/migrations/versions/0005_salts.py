"""What an experiment's hidden data depend on beside the seed, a secret of each campaign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A campaign that began before has none, and goes on with the data that it began with.
    op.add_column("campaigns", sa.Column("salt", sa.Text(), nullable=True))
