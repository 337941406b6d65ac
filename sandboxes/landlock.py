"""Closes files, networks and other processes to this process through Landlock.

For machines that refuse namespaces: Landlock needs no privilege, only a kernel that has it (5.13;
TCP from 6.7, signals and abstract sockets from 6.12). It hides nothing - that a file exists can
still be seen - but what is not granted here cannot be opened, run, made, changed or removed.

Three system calls through ctypes, because the Python packages for it are young, have had a handful
of releases each, and do not know the scopes for signals and abstract sockets. The numbers are those
of ``linux/landlock.h``, the same on every processor.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Grants", "restrict", "tighten", "version"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TO_READ = _EXECUTE | _READ_FILE | _READ_DIR
# Rights by the version of the interface that they came with.
_FILE_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, _TRUNCATE), (5, _IOCTL_DEV))
_NETWORK_SINCE, _BIND_AND_CONNECT_TCP = 4, 0b11
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 0b11

# What runtimes read of /proc to size themselves; nothing of it is about a process or a secret.
_FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


@dataclass(frozen=True)
class Grants:
    """What stays in reach of a process.

    Args:
        readable: Files and folders to read and run, with all that lies in them.
        hidden: Folders in those that stay closed all the same.
        scratch: The one folder to write to; None for none.
        devices: Device files to read, write and control.
    """

    readable: Sequence[Path]
    hidden: Sequence[Path] = ()
    scratch: Path | None = None
    devices: Sequence[Path] = ()


_held: Grants | None = None


def version() -> int:
    """Version of the kernel's Landlock; 0 where it has none or it is switched off."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_VERSION)))


def restrict(grants: Grants) -> str | None:
    """Take everything but these grants from this process and all that it starts, for good.

    The process must have no thread besides the caller, and no way to gain privileges.

    Returns:
        Why not, where the kernel has no Landlock or refuses.
    """
    global _held
    known = version()
    if known == 0:
        return "the kernel has no Landlock, or it is switched off"
    handled = sum(rights for since, rights in _FILE_RIGHTS if known >= since)
    attributes = _Ruleset(
        handled,
        _BIND_AND_CONNECT_TCP if known >= _NETWORK_SINCE else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if known >= _SCOPES_SINCE else 0,
    )
    try:
        ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.sizeof(attributes), 0)
        try:
            for path, rights in _rules(grants, handled):
                _allow(ruleset, path, rights & handled)
            _call(_RESTRICT_SELF, ruleset, 0)
        finally:
            os.close(ruleset)
    except OSError as error:
        return f"Landlock: {error}"
    _held = grants
    return None


def tighten() -> str | None:
    """For a fork that runs untrusted code: what this process can read, and nothing to write.

    It can no longer signal the process that it was forked from, nor any other that is not its own.

    Returns:
        Why not, as in `restrict`.
    """
    if _held is None:
        # A root of our own, which holds nothing that is not meant to be seen.
        return restrict(Grants((Path("/"),)))
    readable = [path for path in _held.readable if path != Path("/proc")]
    return restrict(Grants(readable, _held.hidden))


def _call(number: int, *arguments: object) -> int:
    converted = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    result = int(_libc.syscall(ctypes.c_long(number), *converted))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what cannot be found needs no way in
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, descriptor)
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _rules(grants: Grants, handled: int) -> Iterator[tuple[Path, int]]:
    hidden = [path.resolve() for path in grants.hidden]
    for path in grants.readable:
        yield from _readable(path.resolve(), hidden)
    # The link leads to the entry of this very process: what it forks has none.
    for name in (*_FACTS, "/proc/self"):
        yield Path(name), _READ_FILE | _READ_DIR
    for name in _DEVICES:
        yield Path(name), _READ_FILE | _WRITE_FILE
    for path in grants.devices:
        yield path, _READ_FILE | _READ_DIR | _WRITE_FILE | _IOCTL_DEV
    if grants.scratch is not None:
        yield grants.scratch, handled & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)


def _readable(path: Path, hidden: Sequence[Path]) -> Iterator[tuple[Path, int]]:
    """Rules for a folder; where something in it is hidden, for each of its other entries."""
    if path in hidden:
        return
    if not any(one.is_relative_to(path) for one in hidden):
        yield path, _TO_READ
        return
    # Importing lists the folder. A rule reaches all that lies below: names there, no contents.
    yield path, _READ_DIR
    with contextlib.suppress(OSError):
        for entry in sorted(path.iterdir()):
            if not entry.is_symlink():
                yield from _readable(entry, hidden)
