"""Bring a database to the present schema when it is opened.

The migrations are part of the package. A new one is made by changing tables.py, adding a file to
migrations/versions with the next number and setting `SCHEMA_HEAD`; a test compares the two.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from agent.archive.dialect import WRITE, hold_migrations
from templates.errors import InfrastructureError, UserError

__all__ = ["SCHEMA_HEAD", "VERSION_TABLE", "migrate", "opening_lock"]

SCHEMA_HEAD = "0005"
VERSION_TABLE = "archive_version"
_OPENING_TIMEOUT_S = 120.0


@contextmanager
def opening_lock(file: Path) -> Iterator[None]:
    """Let one process at a time make or upgrade an SQLite file.

    The upgrade itself is one transaction; what needs this lock is the switch of a new file to
    write-ahead logging, which SQLite refuses at once where two processes try it together.

    Args:
        file: The database; the lock is the file beside it with the suffix ``.opening``.

    Raises:
        UserError: The folder cannot be written.
        InfrastructureError: Another process has been opening the archive for too long.
    """
    path = file.with_name(f"{file.name}.opening")
    try:
        lock = path.open("ab")
    except OSError as error:
        raise UserError(
            f"cannot write to {file.parent} ({error}): an archive needs a folder that can be"
            " written, also for reading"
        ) from error
    with lock:
        deadline = time.monotonic() + _OPENING_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InfrastructureError(
                        f"another process has been opening {file} for over"
                        f" {_OPENING_TIMEOUT_S:g} s; try again"
                    ) from None
                time.sleep(0.02)
        yield


def schema_version(connection: Connection) -> str | None:
    """The revision of a database; None for an empty one.

    Raises:
        UserError: The database has tables, but it is not an archive.
    """
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        version: str | None = connection.execute(
            text(f"SELECT version_num FROM {VERSION_TABLE}")
        ).scalar_one_or_none()
        return version
    if tables:
        raise UserError(
            f"{_where(connection)} is a database of something else (tables: "
            f"{', '.join(sorted(tables)[:5])}): give another place for the archive"
        )
    return None


def migrate(engine: Engine) -> None:
    """Upgrade the database to `SCHEMA_HEAD`, in one transaction, one process at a time.

    Raises:
        UserError: The database was made by a newer version of this program, or by another one.
    """
    with engine.connect() as connection:
        if schema_version(connection) == SCHEMA_HEAD:
            return
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Rebuilding a table drops it, which must not touch the rows that refer to it. The
            # setting has no effect inside a transaction, hence the driver's connection.
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys = OFF")
        try:
            writer = connection.execution_options(**{WRITE: True})
            with writer.begin():
                _upgrade(writer)
                if sqlite and writer.execute(text("PRAGMA foreign_key_check")).first():
                    raise UserError(
                        f"{_where(writer)} cannot be upgraded: it has rows that refer to missing"
                        " ones; restore it from a copy"
                    )
        finally:
            # The connection is not used again: the next one sets its own pragmas.
            connection.invalidate()


def _upgrade(connection: Connection) -> None:
    # Imported late: most openings find the schema in order and need not load the tool.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    hold_migrations(connection)
    version = schema_version(connection)
    if version == SCHEMA_HEAD:
        return
    config = Config()
    config.set_main_option("script_location", "agent.archive:migrations")
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if version is not None and version not in known:
        raise UserError(
            f"{_where(connection)} has schema {version}, this version of discovery-agent knows up"
            f" to {SCHEMA_HEAD}: it was written by a newer one, so upgrade discovery-agent"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA_HEAD)


def _where(connection: Connection) -> str:
    url = connection.engine.url
    return str(url.database) if url.get_backend_name() == "sqlite" else str(url)
