"""Alembic's environment: migrates over the connection that `agent.archive.migrate` hands in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from agent.archive.migrate import VERSION_TABLE
from agent.archive.tables import Base


def _run() -> None:
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        # SQLite changes a table by rebuilding it.
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
