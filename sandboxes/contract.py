"""What a sandbox is: the words shared by the tracer, the evaluator and the host.

A candidate's Python is only ever run by a *tracer*, which yields a `Program` (pure data). A program
is only ever run by an *evaluator*, which holds the template's trusted core and never sees Python of
a candidate. Both live in processes that a `Sandbox` starts and can take down whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sandboxes.protocol import Channel

__all__ = [
    "Guarantee",
    "Inspection",
    "ProcessHandle",
    "Program",
    "Role",
    "Sandbox",
]


@dataclass(frozen=True)
class Guarantee:
    """One thing that a sandbox does or does not hold on this machine.

    Args:
        name: Stable name, for example ``network``.
        holds: Whether it holds.
        detail: How it is held, or why it is not.
    """

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Program:
    """A traced candidate: serialized StableHLO and nothing else.

    Args:
        platform: ``cpu`` or ``cuda``, the platform the modules were lowered for.
        population: Size of the leading axis of every argument.
        modules: Portable StableHLO artifacts by ``<function>.value`` and ``<function>.vjp``.
    """

    platform: str
    population: int
    modules: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as they came; see `Inspection.digest` for the normalized one."""
        joined = hashlib.sha256(f"{self.platform}:{self.population}".encode())
        for name in sorted(self.modules):
            joined.update(name.encode() + b"\0" + hashlib.sha256(self.modules[name]).digest())
        return joined.hexdigest()


@dataclass(frozen=True)
class Inspection:
    """What the evaluator found out about a program, from the program alone.

    Args:
        digest: SHA-256 of the modules without debug locations: equal code gives equal digests.
        fingerprint: Unit vectors of the gradient on the probes, hexadecimal float16; None where
            the function has no derivative or it is zero or not finite on every probe.
        flags: Stable names of what is remarkable, for example ``gradient_mismatch``.
        closed_form: LaTeX, where the program is elementwise and the expression was checked
            numerically against it; else None.
        operations: Number of StableHLO operations.
        curves: JSON data for figures, as the template's probes define them.
    """

    digest: str
    fingerprint: str | None
    flags: tuple[str, ...]
    closed_form: str | None
    operations: int
    curves: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """What a sandboxed process is for, and therefore what it may see and use.

    Args:
        name: What people call it.
        image: What the process needs beside the interpreter: ``tracer``, ``evaluator``.
        module: Python module that is run as the process's main.
        read_only: Folders that the process may read besides the interpreter and its packages.
        hidden_packages: Top-level packages beside the interpreter's that it must not see.
        memory_bytes: Limit of resident memory where the sandbox can hold it (else address space).
        processes: How many processes and threads it may have.
        gpu: Whether it needs the machine's accelerator.
        arguments: JSON data handed to the module at start; a `Path` below one of ``read_only`` is
            handed over as what the process sees it as.
        cpus: How much processor time it may use, in cores.
        nests: Whether it makes sandboxes of its own inside; it then keeps the right to.
        scratch_bytes: Size of ``/scratch``, the only place to write; 0 for none.
    """

    name: str
    image: str
    module: str
    read_only: Sequence[Path]
    hidden_packages: Sequence[str]
    memory_bytes: int
    processes: int
    gpu: bool
    arguments: Mapping[str, Any]
    cpus: float = 1.0
    scratch_bytes: int = 64 * 2**20
    nests: bool = False


class ProcessHandle(Protocol):
    """A running sandboxed process and the channel to it."""

    channel: Channel

    def alive(self) -> bool:
        """Whether the process still runs."""
        ...

    def kill(self) -> None:
        """End the process and everything it started; returns when all of it is gone."""
        ...

    def said(self) -> str:
        """The end of what it wrote to its standard error, for messages to people."""
        ...

    def memory_bytes(self) -> int | None:
        """Resident memory of the whole tree, where it can be read."""
        ...

    def processes(self) -> int:
        """How many processes it consists of at this moment, seen from outside."""
        ...


class Sandbox(Protocol):
    """Starts isolated processes. A new kind implements this and registers itself."""

    name: str

    def guarantees(self) -> tuple[Guarantee, ...]:
        """What holds on this machine, measured by starting a process and looking."""
        ...

    def start(self, role: Role) -> ProcessHandle:
        """Start a process of that role.

        Raises:
            InfrastructureError: The process could not be started.
        """
        ...

    def platforms(self) -> tuple[str, ...]:
        """What evaluators can run on here, the fastest first: ``cuda``, ``cpu``."""
        ...

    def leftovers(self) -> int:
        """How many things of this kind's the machine holds at this moment, in use or abandoned.

        Whatever a process that was started brings with it and its end must take away: containers,
        cages, folders, mounts. Seen on the machine, not counted while starting and ending.
        """
        ...
