"""One more cage inside the tracer's, for one candidate: its own processes, scratch and network."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from sandboxes.filtering import install
from sandboxes.isolation import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    SCRATCH,
    SCRATCH_FILES,
    drop_capabilities,
    map_self,
    mount,
    prctl,
    set_limit,
    unshare,
)
from sandboxes.landlock import tighten

__all__ = ["fork_caged"]

_FILE_BYTES = 16 * 2**20


def fork_caged(body: Callable[[], None], *, memory_bytes: int, cpu_s: int) -> int:
    """Run ``body`` in a grandchild in its own namespaces; returns the pid to wait for and kill.

    Where the kernel refuses namespaces, Landlock takes from the process what it could write, and
    every other to signal; where there is none either, a fresh process with resource limits remains.
    What holds is seen from in here, see `sandboxes.probe`. The caller ends what is left, see
    `server`.
    """
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        # Processes are counted by user, and in a container that user is everybody's: there the
        # container's own limit holds.
        counted = "SANDBOX_BOUNDS_PROCESSES" not in os.environ
        try:
            unshare(
                CLONE_NEWUSER
                | CLONE_NEWPID
                | CLONE_NEWNS
                | CLONE_NEWNET
                | CLONE_NEWIPC
                | CLONE_NEWUTS
            )
            map_self(0, 0, 0)
            own = True
        except OSError:
            own = False
        inner = os.fork()
        if inner:
            _close_all_but()
            _, code = os.waitpid(inner, 0)
            status = min(255, abs(os.waitstatus_to_exitcode(code)))
        else:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            _settle(memory_bytes, cpu_s, 64 if counted else None, own=own)
            body()
            status = 0
    finally:
        os._exit(status)


def _settle(memory_bytes: int, cpu_s: int, processes: int | None, *, own: bool) -> None:
    with contextlib.suppress(OSError):
        mount("", "/", "", MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        size = f"size={_FILE_BYTES},nr_inodes={SCRATCH_FILES},mode=1777"
        mount("tmpfs", str(SCRATCH), "tmpfs", MS_NOSUID | MS_NODEV, size)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    for which, value in (
        (resource.RLIMIT_AS, used + memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, 64),
    ):
        if value is not None:
            set_limit(which, value)
    closed = not own and tighten() is None
    prctl(PR_SET_DUMPABLE, 0)
    drop_capabilities()
    install(own_files=not closed)


def _close_all_but() -> None:
    """The waiter holds no descriptor, so that a closed pipe means that the candidate is gone."""
    os.closerange(3, 512)
