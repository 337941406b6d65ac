"""A check in a process of its own, with a deadline; whatever becomes of it, its rows are there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sandboxes.contract import Role
from sandboxes.environment import environment
from tests.gpu_check.checks import Check
from tests.gpu_check.rows import Row, Status

__all__ = ["ROOT", "as_a_worker", "run_check", "surroundings"]

ROOT = Path(__file__).resolve().parents[2]
_SAID = 300
# The variables of a sandboxed worker that decide how JAX computes.
_DECISIVE = ("JAX_PLATFORMS", "XLA_FLAGS", "OMP_NUM_THREADS", "NPROC", "TF_CPP_MIN_LOG_LEVEL")


def surroundings() -> dict[str, str]:
    """The environment of processes that import this package and the project's."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def as_a_worker(platform: str) -> dict[str, str]:
    """The variables with which JAX computes as it does in a sandboxed worker on that platform."""
    role = Role("gpu check", "", "", (), (), 0, 0, platform == "cuda", {})
    return {name: value for name, value in environment(role).items() if name in _DECISIVE}


def run_check(check: Check, platform: str, limit_s: float, *, quick: bool) -> list[Row]:
    """Run one check and give a row for everything that it announces.

    Args:
        check: Which.
        platform: ``cuda`` or ``cpu``.
        limit_s: After so long it is ended, with everything that it started. Where that is sooner
            than the check's own deadline, being ended is no failure of what is checked.
        quick: Smallest sizes.
    """
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
        told, said = Path(folder) / "rows", Path(folder) / "said"
        command = [sys.executable, "-m", "tests.gpu_check.checks", check.name, platform, str(told)]
        started = time.monotonic()
        with said.open("wb") as errors:
            process = subprocess.Popen(
                [*command, *(["--quick"] if quick else [])],
                cwd=ROOT,
                env=surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )
            cut, why = _wait(process, limit_s)
        seconds = time.monotonic() - started
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        rows = [Row(**json.loads(line)) for line in lines]
        last = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    if why:
        why = ": ".join([why, *(line[-_SAID:] for line in last)])
    status: Status = "fail"
    if cut and limit_s < check.limit_s:
        status, why = "not run", f"the time for all checks was over {limit_s:.0f} s after it began"
    return rows + _missing(check.rows, rows, why, seconds, status)


def _wait(process: subprocess.Popen[bytes], limit_s: float) -> tuple[bool, str]:
    """Whether the process had to be ended, and why it is not as it should be; empty where it is."""
    cut, why = False, ""
    try:
        status = process.wait(limit_s)
        if status:
            why = f"ended with status {status}"
    except subprocess.TimeoutExpired:
        cut, why = True, f"ended after {limit_s:.0f} s, its deadline"
    finally:
        # Also when this process is interrupted; cages end with the process that made them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return cut, why


def _missing(
    expected: Sequence[str], rows: Sequence[Row], why: str, seconds: float, status: Status
) -> list[Row]:
    """Rows of what was announced and did not come: the first was interrupted, others had no turn.

    Args:
        expected: What rows are about.
        rows: Those that came.
        why: Others did not.
        seconds: Of the whole check.
        status: Of the first one.
    """
    found = {one.what for one in rows}
    left = [what for what in expected if what not in found]
    spent = round(seconds - sum(one.seconds for one in rows), 1)
    first = [Row(what, why or "gave no result", max(0.0, spent), status) for what in left[:1]]
    return first + [
        Row(what, f"the check ended before, at {left[0]}", 0.0, "not run") for what in left[1:]
    ]
