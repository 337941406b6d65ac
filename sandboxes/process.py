"""The process sandbox: namespaces, a private root and resource limits, without Docker.

Where the kernel refuses namespaces, Landlock takes their place; see `sandboxes.isolation`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from sandboxes.contract import Guarantee, Role
from sandboxes.descendants import descendants, threads_of
from sandboxes.environment import environment
from sandboxes.isolation import SCRATCH_FILES
from sandboxes.probing import probe
from sandboxes.protocol import Channel
from templates.errors import InfrastructureError

__all__ = ["ProcessSandbox"]

_START_TIMEOUT_S = 30.0
_WATCH_S = 0.25
_PLUGINS = ("jax-cuda12-plugin", "jax-cuda13-plugin")
_LAUNCHER = Path(__file__).with_name("isolation.py")
_PACKAGE_ROOT = Path(__file__).resolve().parent.parent
# The kernel ends a cage with the *thread* that started it, so one thread that lives as long as
# this process starts them all.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-spawner")


class CagedProcess:
    """A process in its cage; the direct child is a waiter outside the PID namespace."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        channel: Channel,
        refused: Mapping[str, str],
        errors: IO[bytes],
        scratch: Path | None = None,
    ) -> None:
        self._process = process
        self._scratch = scratch
        self._errors = errors
        self._ended = threading.Event()
        self.channel = channel
        self.refused = refused

    @property
    def pid(self) -> int:
        """The waiter's process id, for those who watch from outside."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the whole tree: every process of the PID namespace dies with its first one."""
        self._ended.set()
        tree = descendants(self._process.pid)
        for pid in reversed(tree):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # The waiter buries the dead and then ends by itself.
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.channel.close()
        self._errors.close()
        deadline = time.monotonic() + 5
        while any(_running(pid) for pid in tree) and time.monotonic() < deadline:
            time.sleep(0.005)

    def bound(self, role: Role) -> None:
        """End the tree once it holds more than its role may; for a thread of its own.

        The kernel bounds the memory of each process; this bounds what several hold together. Where
        it gave no namespaces, it counts processes by user and files not at all: this counts both.
        """
        while not self._ended.wait(_WATCH_S) and self.alive():
            tree = descendants(self._process.pid)
            bare = "processes" in self.refused
            if (
                (self.memory_bytes() or 0) > role.memory_bytes
                or (bare and sum(map(threads_of, tree)) > role.processes)
                or (self._scratch is not None and _overfull(self._scratch, role.scratch_bytes))
            ):
                for pid in reversed(descendants(self._process.pid)):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                return

    def said(self) -> str:
        """The end of what the process wrote to its standard error."""
        return _tail(self._errors)

    def memory_bytes(self) -> int | None:
        """Resident memory of the whole tree."""
        page = os.sysconf("SC_PAGE_SIZE")
        total = 0
        for pid in descendants(self._process.pid):
            try:
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
            except (OSError, IndexError):
                continue
        return total

    def processes(self) -> int:
        """How many processes there are in the cage."""
        return len(descendants(self._process.pid))


class ProcessSandbox:
    """Runs roles as caged processes of this machine."""

    name = "process"

    def start(self, role: Role) -> CagedProcess:
        """Start a process of that role.

        Raises:
            InfrastructureError: It did not come up; the message holds what it said.
        """
        return _spawner.submit(self._start, role).result()

    def guarantees(self) -> tuple[Guarantee, ...]:
        """What holds on this machine, seen by starting a cage and looking."""
        return probe(self, lambda handle: handle.refused)

    def platforms(self) -> tuple[str, ...]:
        """``cuda`` where this machine has a GPU, and this installation JAX's plugin for it.

        Looks without starting JAX: the host process never imports it.
        """
        found = Path("/dev/nvidiactl").exists() and any(map(_installed, _PLUGINS))
        return ("cuda", "cpu") if found else ("cpu",)

    def leftovers(self) -> int:
        """Cages below this process, scratch folders of this user and mounts that anybody sees."""
        cages = sum(_is_cage(pid) for pid in descendants(os.getpid()))
        folders = Path(tempfile.gettempdir()).glob(f"discover-scratch-{os.getuid()}-*")
        mounts = Path("/proc/self/mounts").read_text().count("/discover-root-")
        return cages + sum(1 for _ in folders) + mounts

    def _start(self, role: Role) -> CagedProcess:
        to_child, from_host = os.pipe()
        to_host, from_child = os.pipe()
        report_read, report_write = os.pipe()
        spec = {
            "module": role.module,
            "arguments": {
                name: str(value.resolve()) if isinstance(value, Path) else value
                for name, value in role.arguments.items()
            },
            "import_paths": [str(_PACKAGE_ROOT)],
            "packages": [n for n in ("sandboxes", "templates") if n not in role.hidden_packages],
            "visible": [str(path) for path in _visible(role)],
            "hidden": [str(_PACKAGE_ROOT / name) for name in role.hidden_packages],
            "gpu": role.gpu,
            "scratch_bytes": role.scratch_bytes,
            "nests": role.nests,
            "processes": role.processes,
            "address_space_bytes": 0 if role.gpu else role.memory_bytes,
            "environment": environment(role),
            "report_fd": report_write,
            "keep_fds": [to_child, from_child],
        }
        kept = (to_child, from_child, report_write)
        errors: IO[bytes] = tempfile.TemporaryFile(prefix="discover-stderr-")  # noqa: SIM115
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", str(_LAUNCHER), json.dumps(spec)],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=kept,
                start_new_session=True,
            )
        except OSError as error:
            for descriptor in (*kept, from_host, to_host, report_read):
                os.close(descriptor)
            raise InfrastructureError(f"cannot start a sandboxed process: {error}") from error
        for descriptor in kept:
            os.close(descriptor)
        channel = Channel(to_host, from_host)
        report = _read_line(report_read, time.monotonic() + _START_TIMEOUT_S)
        os.close(report_read)
        if not report:
            process.kill()
            process.wait()
            channel.close()
            said = _tail(errors)
            errors.close()
            raise InfrastructureError(f"a sandboxed process ({role.name}) did not start: {said}")
        said_first = json.loads(report)
        scratch = Path(said_first["scratch"]) if said_first["scratch"] else None
        caged = CagedProcess(process, channel, said_first["refused"], errors, scratch)
        threading.Thread(
            target=caged.bound,
            args=(role,),
            name=f"bounds of {role.name}",
            daemon=True,
        ).start()
        return caged


def _tail(errors: IO[bytes]) -> str:
    if errors.closed:
        return ""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - 4000))
    return errors.read().decode(errors="replace").strip()


def _visible(role: Role) -> list[Path]:
    """Folders that the cage holds: the interpreter, its packages, ours, what the role declares."""
    folders = {Path(sys.prefix), Path(sys.base_prefix), _PACKAGE_ROOT / "sandboxes"}
    folders.update(Path(path) for path in site.getsitepackages())
    if "templates" not in role.hidden_packages:
        folders.add(_PACKAGE_ROOT / "templates")
    folders.update(Path(path).resolve() for path in role.read_only)
    # The interpreter may be reached through links (pyenv, uv); the cage needs where they end.
    folders.add(Path(sys.executable).resolve().parent.parent)
    existing = sorted((folder for folder in folders if folder.exists()), key=lambda f: len(f.parts))
    outermost: list[Path] = []
    for folder in existing:
        if not any(folder.is_relative_to(other) for other in outermost):
            outermost.append(folder)
    return outermost


def _read_line(descriptor: int, deadline: float) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < 65536:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            return b""
        data = os.read(descriptor, 4096)
        if not data:
            return b""
        line += data
    return line


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _is_cage(pid: int) -> bool:
    """Whether a process is a launcher's or in a cage; what is in one keeps the command line."""
    with contextlib.suppress(OSError):
        return str(_LAUNCHER).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _overfull(folder: Path, largest: int) -> bool:
    """Whether a folder holds too much, too many files, or something that cannot be looked at."""
    size = count = 0
    hides: list[OSError] = []
    for place, _, files in os.walk(folder, onerror=hides.append):
        count += 1 + len(files)
        for name in files:
            with contextlib.suppress(OSError):
                size += (Path(place) / name).lstat().st_blocks * 512
        if size > largest or count > SCRATCH_FILES:
            return True
    return any(isinstance(error, PermissionError) for error in hides)


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
