"""Every test has a deadline, and one that passes it says what it was waiting for.

pytest-timeout ends the test and prints the stacks of its threads. What hangs here is often another
process, so the processes below this one are listed as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from sandboxes.descendants import descendants

__all__ = ["processes_below"]


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the processes to the report of a test that ran out of time."""
    report = yield
    if report.failed and "Timeout (>" in str(report.longrepr):
        listed = "\n".join(processes_below(os.getpid())) or "none"
        at = time.strftime("%H:%M:%S")
        report.sections.append((f"processes that {item.nodeid} left running at {at}", listed))
    return report
