"""Leases: one process at a time runs a campaign.

A lease is a lock that the operating system holds on an open file, so it ends with its process,
however that ends. The file says who holds it. Readers need no lease.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import weakref
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from templates.errors import UserError

__all__ = ["Lease", "LeaseHolder", "lease_holder"]

# Looking whether a lease is held takes the lock for an instant: wait that out.
_PATIENCE_S = 1.0
_PAUSE_S = 0.02


@dataclass(frozen=True)
class LeaseHolder:
    """The process that runs a campaign."""

    pid: int
    host: str
    since: str


_held: weakref.WeakSet[Lease] = weakref.WeakSet()


class Lease:
    """The right to run a campaign, from construction until `release` or the end of the process.

    Args:
        path: The lock file of the campaign.
        campaign: Identifier of the campaign, for the message.

    Raises:
        UserError: Another process, or this one, runs the campaign already.
    """

    def __init__(self, path: Path, campaign: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _lock(path, _PATIENCE_S)
        except OSError as error:
            raise UserError(f"cannot lock campaign {campaign} with {path}: {error}") from error
        if self._file is None:
            raise UserError(
                f"campaign {campaign} is already running{_describe(path)}: follow it with"
                f" discover status, or end it with discover stop {campaign}"
            )
        holder = LeaseHolder(
            os.getpid(), socket.gethostname(), datetime.now(UTC).isoformat(timespec="seconds")
        )
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(asdict(holder)).encode(), 0)
        _held.add(self)

    def release(self) -> None:
        """Let another process run the campaign; does nothing the second time."""
        if self._file is not None:
            # Removed while still locked: whoever waits sees that its file is gone and opens anew.
            self.path.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def lease_holder(path: Path) -> LeaseHolder | None:
    """Who runs a campaign; None where nobody does."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(file)
    finally:
        os.close(file)
    return None


def _lock(path: Path, patience_s: float) -> int | None:
    deadline = time.monotonic() + patience_s
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            if time.monotonic() > deadline:
                return None
            time.sleep(_PAUSE_S)
            continue
        try:
            same = os.path.samestat(os.fstat(file), path.stat())
        except FileNotFoundError:
            same = False
        if same:
            return file
        os.close(file)


def _read_holder(file: int) -> LeaseHolder:
    # The holder may be writing its name at this very moment.
    for _ in range(10):
        try:
            return LeaseHolder(**json.loads(os.pread(file, 4096, 0)))
        except json.JSONDecodeError:
            time.sleep(_PAUSE_S)
    return LeaseHolder(0, "unknown", "unknown")


def _describe(path: Path) -> str:
    holder = lease_holder(path)
    if holder is None:
        return ""
    return f" (process {holder.pid} on {holder.host} since {holder.since})"


def _close_in_child() -> None:
    # A forked worker must not keep the campaign locked after its parent has died.
    for lease in list(_held):
        lease._close()  # noqa: SLF001 - of this module


os.register_at_fork(after_in_child=_close_in_child)
