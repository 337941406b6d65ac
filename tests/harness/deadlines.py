"""Every test has a deadline, and one that passes it says what it was waiting for.

pytest-timeout ends the test and prints the stacks of its threads. What hangs here is often another
process, so the processes below this one are listed as well. Where the run as a whole is
interrupted, as by `.ci/run` when its own time is over, the tests that were running are named.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from sandboxes.descendants import descendants

__all__ = ["processes_below"]

_SEEN = pytest.StashKey[list[str]]()
_BEFORE_S = 1.0


def processes_below(pid: int) -> list[str]:
    """The processes that a process started and that still run, a line each.

    Args:
        pid: Of the process.

    Returns:
        Process id, state, age in seconds, and command line, cut after 200 characters.
    """
    found = []
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    for one in descendants(pid):
        if one == pid:
            continue
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # It has ended.
        age_s = up_s - int(fields[19]) / 100
        found.append(f"{one} {fields[0]} {age_s:.0f} s: {command.strip()[:200]}")
    return found


_running: dict[str, float] = {}


def pytest_runtest_logstart(nodeid: str) -> None:
    """Note that a test has begun, here or in a worker of pytest-xdist."""
    _running[nodeid] = time.monotonic()


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Note that it has ended."""
    _running.pop(nodeid, None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Name what was running when the run was interrupted."""
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        for nodeid, since in _running.items():
            seconds = time.monotonic() - since
            terminalreporter.write_line(f"was running for {seconds:.0f} s: {nodeid}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Look at the processes just before the deadline: a test that is ended often ends its own."""
    marker = item.get_closest_marker("timeout")
    limit = marker.args[0] if marker is not None else item.config.getoption("--timeout")
    limit_s = float(limit if limit is not None else item.config.getini("timeout") or 0)
    if limit_s <= _BEFORE_S:
        return (yield)
    item.stash[_SEEN] = []
    watch = threading.Timer(
        limit_s - _BEFORE_S, lambda: item.stash[_SEEN].extend(processes_below(os.getpid()))
    )
    watch.daemon = True
    watch.start()
    try:
        return (yield)
    finally:
        watch.cancel()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the processes to the report of a test that ran out of time."""
    report = yield
    if report.failed and "Timeout (>" in str(report.longrepr):
        seen: list[str] = item.stash.get(_SEEN, [])
        listed = "\n".join(seen) or "none"
        report.sections.append((f"processes of {item.nodeid} at its deadline", listed))
    return report
