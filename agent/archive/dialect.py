"""The one place that knows which database is underneath.

SQLite is the default: write-ahead log (readers never wait for the writer), foreign keys on, a busy
timeout, and ``synchronous=FULL``. ``NORMAL`` would survive ``kill -9`` as well, but a power cut
could lose the last transactions, each of which may hold a paid model call or minutes of training;
one ``fsync`` per step (milliseconds) is cheap beside that. Everything else is portable SQL, so that
a PostgreSQL URL can be given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.orm import InstrumentedAttribute

from templates.errors import InfrastructureError, UserError

__all__ = ["WRITE", "hold_migrations", "make_engine", "starts_with", "translated", "upsert"]

BUSY_TIMEOUT_S = 30.0
_CACHE_KIB = 32 * 1024
# Execution option of a connection that is going to write.
WRITE = "archive_write"
_DIALECTS = ("sqlite", "postgresql")
_MIGRATION_LOCK = 0x6469_7363_6F76_6572


def make_engine(url: URL) -> Engine:
    """An engine whose transactions are real ones.

    Args:
        url: An SQLite file or a PostgreSQL database.

    Returns:
        The engine. A transaction on a connection with the execution option `WRITE` takes
        SQLite's write lock at its beginning, so that it never fails half way for a lock.

    Raises:
        UserError: The kind of database is not supported or its driver is not installed.
    """
    backend = url.get_backend_name()
    if backend not in _DIALECTS:
        raise UserError(
            f"an archive cannot be kept in {backend!r}: use a file or a postgresql:// URL"
        )
    if backend == "sqlite" and not url.database:
        raise UserError("an archive needs a file: an SQLite database in memory would be lost")
    options: dict[str, Any] = {}
    if backend == "sqlite":
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise UserError(
            f"the driver for {url.drivername} is not installed: pip install {error.name}"
        ) from error
    if backend == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, record: object) -> None:
    # The driver's own transaction control begins too late and commits DDL by itself.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # The inner pages of the indexes of a long campaign do not fit into the 2 MB default.
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def hold_migrations(connection: Connection) -> None:
    """Wait until nobody else migrates; held until the transaction of the connection ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    # On SQLite the write lock that the transaction began with is the lock.


def starts_with(
    dialect: str, column: InstrumentedAttribute[str], prefix: str
) -> ColumnElement[bool]:
    """Condition on a prefix that the column's index can answer."""
    if dialect == "sqlite":
        # LIKE ignores case in SQLite and so cannot use the index; its text order is by code point.
        return column.between(prefix, prefix + "\U0010ffff")
    return column.startswith(prefix, autoescape=True)


def upsert(dialect: str, table: type[Any]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@contextmanager
def translated(location: str) -> Iterator[None]:
    """Turn what the database can say about its file or server into the errors of this system.

    Args:
        location: The file or URL, for the message.

    Raises:
        UserError: Somebody has to act on the file: it is read-only, damaged or not an archive.
        InfrastructureError: The disk is full or failing, or another process held the database
            for too long; the step was rolled back and may be tried again.
        ValueError: A record held something that cannot be stored; TypeError likewise.
    """
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            _raise_sqlite(error.orig, location)
        if isinstance(error, OperationalError):
            raise InfrastructureError(f"the database {location} failed: {error.orig}") from error
        raise
    except StatementError as error:
        if isinstance(error.orig, TypeError | ValueError):
            raise error.orig from error
        raise
    except sqlite3.Error as error:
        _raise_sqlite(error, location)
        raise


def _raise_sqlite(error: sqlite3.Error, location: str) -> None:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith("SQLITE_FULL"):
        raise InfrastructureError(
            f"the disk is full: {location} cannot grow. Nothing of the last step was kept;"
            " free some space and resume"
        ) from error
    if code.startswith("SQLITE_IOERR"):
        raise InfrastructureError(f"reading or writing {location} failed ({error})") from error
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        raise InfrastructureError(
            f"another process kept {location} locked for over {BUSY_TIMEOUT_S:g} s; try again"
        ) from error
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
        raise UserError(
            f"cannot write {location} ({error}): make it and its folder writable, or copy it to"
            " a place where they are"
        ) from error
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        raise UserError(
            f"{location} is damaged or not an archive ({error}): restore it from a copy, or save"
            " what can be read with the command-line program: sqlite3 FILE .recover"
        ) from error
