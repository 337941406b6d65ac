"""A program that dies leaves nothing behind that still computes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandboxes.descendants import descendants

pytestmark = pytest.mark.gate

ENDLESS = Path(__file__).parent / "lab_attacks" / "endless.py"
# In seconds of its processor: long enough to be in the script, and far from its time limit.
_BUSY_S = 6.0
_PATIENCE_S = 120.0


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_script_ends_with_the_program_that_runs_it() -> None:
    discover = str(Path(sys.executable).with_name("discover"))
    host = subprocess.Popen(
        [discover, "evaluate", "circle_packing", str(ENDLESS), "--sandbox", "process"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _PATIENCE_S
        tree: list[int] = []
        while time.monotonic() < deadline and host.poll() is None:
            tree = descendants(host.pid)
            deep = [pid for pid in tree if Path(f"/proc/{pid}/stat").exists()]
            # The script is a leaf: nothing else in the sandboxes computes for so long.
            if any(not descendants(pid) and _cpu_s(pid) > _BUSY_S for pid in deep):
                break
            time.sleep(0.2)
        else:
            raise AssertionError("the script never ran")
        assert host.poll() is None
    finally:
        os.kill(host.pid, signal.SIGKILL)
        host.wait()
    deadline = time.monotonic() + 10
    while (left := [pid for pid in tree if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
