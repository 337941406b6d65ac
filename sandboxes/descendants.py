"""All that a process started, found through the kernel's lists of children and ended.

Where there is no PID namespace whose end would be everybody's, a process takes over the orphans
below it (``PR_SET_CHILD_SUBREAPER``), so that nothing can leave its tree by starting twice.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

__all__ = ["adopt_orphans", "descendants", "end_descendants", "outlive", "threads_of"]

_PR_SET_CHILD_SUBREAPER = 36
_PAUSE_S = 0.005


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """All descendants of a process, parents before children."""
    found = _children(pid)
    for one in found:
        found += _children(one)
    return found


def threads_of(pid: int) -> int:
    """How many threads a process has; 0 where it is gone."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return 0


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)


def end_descendants(timeout_s: float = 5.0) -> bool:
    """Kill and bury all descendants of this process, which adopts orphans; whether all are gone."""
    deadline = time.monotonic() + timeout_s
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_S)


def outlive(child: int) -> int:
    """Wait for a child, then end what it left behind; SIGTERM ends the child early.

    Returns:
        The child's wait status.
    """

    def end(number: int, frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            end_descendants()
            return status
