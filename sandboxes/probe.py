"""Runs inside a cage and tells what it sees: the ground for every guarantee that is claimed.

It looks from where untrusted code would run: from the cage itself, as a script does in the lab, or
from the one that the tracer makes in its own for each candidate.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sandboxes.isolation import no_new_privileges
from sandboxes.protocol import Channel, Message

_TRACE_MEMORY_BYTES = 2**29


def look(
    outside: Mapping[str, Any], users: Sequence[Sequence[tuple[int, int, int]]], *, alone: bool
) -> dict[str, tuple[bool, str]]:
    """What holds here.

    Args:
        outside: What is there outside and must be out of reach: ``file``, the path of a readable
            file in a folder that anybody may write to, ``home``, a folder, and ``pid``, a process.
        users: Those of the user namespaces here, the innermost first.
        alone: Whether process 1 here is the sandbox's own, so that ``pid`` means another one.

    Returns:
        Name -> (holds, how it was seen).
    """
    status = _status()
    user = _user_outside(users)
    return {
        "network": _network(),
        "processes": _processes(outside["pid"], alone=alone),
        "files": _files(Path(outside["file"]), Path(outside["home"])),
        "read_only": _read_only(Path(outside["file"]).parent),
        "environment": (
            not any("KEY" in name or "TOKEN" in name for name in os.environ),
            f"{len(os.environ)} variables, all set by the sandbox",
        ),
        "no_new_privileges": (
            no_new_privileges(),
            "set" if no_new_privileges() else "not set",
        ),
        "capabilities": (
            int(status.get("CapEff", "1"), 16) == 0,
            f"effective {status.get('CapEff', 'unknown')}, "
            f"bounding {status.get('CapBnd', 'unknown')}",
        ),
        "seccomp": (
            status.get("Seccomp") == "2",
            "system calls are filtered" if status.get("Seccomp") == "2" else "no filter is set",
        ),
        "unprivileged": (
            user not in (None, 0),
            "the user outside cannot be seen" if user is None else f"user {user} outside",
        ),
    }


def _network() -> tuple[bool, str]:
    made = []
    for family, kind in ((socket.AF_INET, "TCP"), (socket.AF_INET6, "TCP6"), (socket.AF_UNIX, "")):
        with contextlib.suppress(OSError):
            socket.socket(family, socket.SOCK_STREAM).close()
            made.append(kind or "local")
    with contextlib.suppress(OSError):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
        made.append("UDP")
    if not made:
        return True, "no sockets at all"
    try:
        interfaces = [name for _, name in socket.if_nameindex()]
    except OSError as error:
        return False, f"sockets can be made ({', '.join(made)}); interfaces: {error.strerror}"
    return interfaces in ([], ["lo"]), f"interfaces: {', '.join(interfaces)}"


def _processes(pid: int, *, alone: bool) -> tuple[bool, str]:
    if alone:
        return True, f"only those of the sandbox are there; own process id is {os.getpid()}"
    reached = []
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        reached.append("signal")
    for name in ("environ", "cmdline"):
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/{name}").read_bytes()
            reached.append(f"read {name}")
    if reached:
        return False, f"a process outside can be reached: {', '.join(reached)}"
    return True, "a process outside can be neither signalled nor read"


def _files(file: Path, home: Path) -> tuple[bool, str]:
    seen = []
    with contextlib.suppress(OSError):
        file.read_bytes()
        seen.append(str(file))
    with contextlib.suppress(OSError):
        seen += [str(entry) for entry in home.iterdir() if entry.is_file()][:1]
    try:
        top = sorted(entry.name for entry in Path("/").iterdir())
    except OSError as error:
        return not seen, f"/ cannot be listed ({error.strerror}); read outside: {seen or 'nothing'}"
    seen += sorted({"root", "home", "var", "etc"} & _readable(top))
    return not seen, f"/ holds {top}; read outside: {seen or 'nothing'}"


def _read_only(folder: Path) -> tuple[bool, str]:
    for place in (Path("/"), folder):
        with contextlib.suppress(OSError):
            (place / "x").touch()
            return False, f"{place} could be written to"
    return True, "neither / nor a folder that is open to all can be written to"


def _status() -> dict[str, str]:
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {}


def _users() -> list[tuple[int, int, int]]:
    """This user namespace's users: first one inside, the same one in its parent, how many."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/uid_map").read_text().splitlines()
        return [(int(a), int(b), int(c)) for a, b, c in map(str.split, lines)]
    return []


def _user_outside(users: Sequence[Sequence[tuple[int, int, int]]]) -> int | None:
    """This user as the parent of the outermost of these namespaces knows it."""
    user = os.getuid()
    for one in users:
        known = [outside + user - inside for inside, outside, n in one if 0 <= user - inside < n]
        if not known:
            return None
        user = known[0]
    return user


def _readable(names: list[str]) -> set[str]:
    readable = set()
    for name in names:
        try:
            # Only what has content counts: folders on the way to the interpreter are empty shells.
            files = [entry for entry in (Path("/") / name).iterdir() if entry.is_file()]
        except OSError:
            continue
        if files and name != "etc":
            readable.add(name)
    return readable


def main() -> None:
    """Look around and tell the host."""
    arguments = json.loads(sys.argv[1])
    channel = Channel(int(sys.argv[2]), int(sys.argv[3]))
    alone, users = os.getpid() == 1, _users()

    def tell() -> None:
        # Not every kernel numbers its namespaces; one more has other users.
        within = [_users(), users] if _users() != users else [users]
        channel.send(Message("probe", dict(look(arguments["outside"], within, alone=alone))))

    if not arguments["nested"]:
        tell()
        return
    from sandboxes.tracer.cage import fork_caged

    os.waitpid(fork_caged(tell, memory_bytes=_TRACE_MEMORY_BYTES, cpu_s=10), 0)


if __name__ == "__main__":
    main()
