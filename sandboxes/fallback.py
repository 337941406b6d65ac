"""What a cage is made of where the kernel refuses namespaces; see `sandboxes.isolation`."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandboxes.landlock import Grants, restrict

__all__ = ["close_the_machine", "make_scratch", "most_processes", "remove_scratch"]

_REMOVALS = 3
# The kernel counts all threads of the user, and more of them start while a cage runs.
_SLACK = 1024
_DEVICES = ("nvidia*", "dri", "kfd")


def most_processes(wanted: int) -> int:
    """A limit of processes for a cage that shares its user with the rest of the machine.

    It lies above what the user runs now: a bomb ends there. The host, which counts those of the
    cage alone, ends it at the number that was wanted; see `CagedProcess.bound`.
    """
    count, user = 0, str(os.getuid())
    for file in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        if fields["Uid"].split()[0] == user:
            count += int(fields["Threads"])
    return count + wanted + _SLACK


def make_scratch(owner: int) -> Path:
    """A private folder to write to, for a user; such folders of the dead are removed.

    It is named after this process, which removes it in the end.
    """
    place, beginning = Path(tempfile.gettempdir()), f"discover-scratch-{os.getuid()}-"
    for old in place.glob(f"{beginning}*"):
        pid, began = old.name.removeprefix(beginning).split("-")[:2]
        if _began(pid) != began:
            remove_scratch(old)
    own = f"{beginning}{os.getpid()}-{_began(str(os.getpid()))}-"
    folder = Path(tempfile.mkdtemp(prefix=own, dir=place))
    if owner != os.geteuid():
        os.chown(folder, owner, owner)
    return folder


def remove_scratch(folder: Path) -> None:
    """Remove a folder, however deep it is and whatever the permissions in it.

    Who ends a sandbox kills all that runs below it, and so perhaps a program that removes the
    folder at that moment; then it is begun again.
    """
    for _ in range(_REMOVALS):
        for name, *options in (("chmod", "-R", "u+rwx"), ("rm", "-rf", "--one-file-system")):
            program = shutil.which(name, path="/usr/bin:/bin")
            if program is not None:
                command = [program, *options, "--", str(folder)]
                subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        if not folder.exists():
            return


def close_the_machine(
    spec: dict[str, Any], system: Sequence[Path], scratch: Path | None
) -> str | None:
    """Let this process reach no more of the machine than its cage would hold.

    Args:
        spec: What `sandboxes.process` asked for.
        system: Folders of the system that programs need.
        scratch: The only folder to write to.

    Returns:
        Why not, where Landlock is missing.
    """
    # What nests forks again, and a fork's entry of /proc cannot be named before it is there.
    more = ["/proc"] if spec["nests"] else []
    devices: list[Path] = []
    if spec["gpu"]:
        devices = [path for name in _DEVICES for path in Path("/dev").glob(name)]
        more = ["/proc", "/sys"]
    readable = [*system, *map(Path, (*spec["visible"], *more))]
    # Their folder cannot be listed any more, so packages in it would not be found.
    for name in spec["packages"]:
        importlib.import_module(name)
    return restrict(Grants(readable, [Path(path) for path in spec["hidden"]], scratch, devices))


def _began(pid: str) -> str | None:
    """When a process began: ids are given out again, moments are not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
