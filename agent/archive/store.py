"""The archive itself: where it lies, and how its transactions are made.

Every operation (see `agent.archive.operations`) is one transaction of its own, or part of a larger
one::

    with archive.transaction() as step:
        step.add_model_call(call)
        step.add_candidate(candidate)

Whatever interrupts the block, ``kill -9`` included, leaves all of it or nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from agent.archive.canonical import ComparableOperations
from agent.archive.dialect import WRITE, make_engine, translated
from agent.archive.identity import checked_id
from agent.archive.lease import Lease, LeaseHolder, lease_holder
from agent.archive.migrate import migrate, opening_lock
from templates.errors import UserError

__all__ = ["Archive", "Transaction", "discoveries_home"]

_FILE_NAME = "archive.db"


def discoveries_home() -> Path:
    """Where output lands: ``DISCOVER_HOME``, or ``discoveries`` in the working directory."""
    home = os.environ.get("DISCOVER_HOME")
    return Path(home).expanduser() if home else Path.cwd() / "discoveries"


class Transaction(ComparableOperations):
    """Several operations that are kept together or not at all; made by `Archive.transaction`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _reading(self) -> AbstractContextManager[Session]:
        return nullcontext(self._session)

    def _writing(self) -> AbstractContextManager[Session]:
        return nullcontext(self._session)


class Archive(ComparableOperations):
    """A database of campaigns; may be used from several threads and several processes.

    Args:
        location: A file, a folder in which ``archive.db`` lies or is made, a ``postgresql://`` URL,
            or None for the default, ``archive.db`` in `discoveries_home`.
        must_exist: Refuse to make a new file; for commands that only read.

    Raises:
        UserError: The place cannot be used: not there, not writable, damaged, not an archive, or
            written by a newer version of this program.
        InfrastructureError: The disk is full or failing, or the database stayed locked.
    """

    def __init__(self, location: str | Path | None = None, *, must_exist: bool = False) -> None:
        self.url = _resolve(location)
        file = Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None
        self.home = discoveries_home() if file is None else file.parent
        self.location = self.url.render_as_string() if file is None else str(file)
        if file is not None:
            _prepare(file, must_exist)
        self._engine: Engine = make_engine(self.url)
        self._writer: Engine = self._engine.execution_options(**{WRITE: True})
        self._lock = threading.Lock()
        self._owner: int | None = None
        with ExitStack() as opening:
            opening.enter_context(translated(self.location))
            if file is not None:
                opening.enter_context(opening_lock(file))
            migrate(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Group several operations into one transaction.

        Yields:
            A `Transaction`, which has every operation of the archive. Keep the block short: it
            holds the database's write lock, so wait for nothing in it. Use the archive itself
            only outside.
        """
        with self._writing() as session:
            yield Transaction(session)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with translated(self.location), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError(
                "this thread is inside archive.transaction(): write through what it yields"
            )
        with self._lock:
            self._owner = me
            try:
                with (
                    translated(self.location),
                    Session(self._writer, expire_on_commit=False) as session,
                    session.begin(),
                ):
                    yield session
            finally:
                self._owner = None

    def lease(self, campaign: str) -> Lease:
        """Take the right to run a campaign; it ends with `Lease.release` or with this process.

        Raises:
            UserError: It is running already, or that is no identifier.
        """
        return Lease(self._lease_path(campaign), campaign)

    def lease_holder(self, campaign: str) -> LeaseHolder | None:
        """The process that runs a campaign now; None where none does, whatever its status says."""
        return lease_holder(self._lease_path(campaign))

    def _lease_path(self, campaign: str) -> Path:
        return self.home / ".leases" / f"{checked_id(campaign)}.lock"

    def close(self) -> None:
        """Close the connections; the archive is not used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _resolve(location: str | Path | None) -> URL:
    if isinstance(location, str) and "://" in location:
        try:
            return make_url(location)
        except ArgumentError as error:
            raise UserError(f"{location!r} is not a database URL: {error}") from error
    path = discoveries_home() / _FILE_NAME if location is None else Path(location).expanduser()
    if path.is_dir():
        path = path / _FILE_NAME
    return URL.create("sqlite", database=str(path.absolute()))


def _prepare(file: Path, must_exist: bool) -> None:
    if must_exist and not file.exists():
        raise UserError(
            f"there is no archive at {file}: begin a campaign with discover run, or name another"
            " place with DISCOVER_HOME"
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {file.parent} for the archive: {error}") from error
