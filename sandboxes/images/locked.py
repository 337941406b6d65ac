"""What a lock file holds for one Python.

A lock is for every Python at once: a package whose newest version has left an older Python behind
is in it twice, each time with a condition. pip asks such conditions of the Python that it runs on,
not of the one that it installs for, so they are decided here.
"""

from __future__ import annotations

import re

from packaging.requirements import Requirement

__all__ = ["locked_for"]


def locked_for(lock: str, version: str, machine: str) -> str:
    """The entries of a lock that hold for one Python on Linux, without conditions.

    Args:
        lock: Text of the lock file.
        version: Of Python, for example ``3.12``.
        machine: Of the processor, for example ``x86_64``.

    Returns:
        Text of a requirements file with the same hashes.
    """
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{version}.0",
        "python_version": version,
        "sys_platform": "linux",
    }
    kept = []
    # An entry goes on where its line ends with a backslash.
    for entry in re.split(r"(?<!\\)\n", lock):
        if not entry or entry.startswith("#"):
            continue
        first, *hashes = entry.split("\\\n")
        package = Requirement(first)
        if package.marker is None or package.marker.evaluate(environment):
            pinned = f"{package.name}{package.specifier}"
            kept.append(" \\\n".join([pinned, *(line.rstrip() for line in hashes)]))
    return "".join(f"{entry}\n" for entry in kept)
