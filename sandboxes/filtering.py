"""The system calls that a sandboxed process may make; the same list in Docker and without.

The list is ``images/seccomp.json``, in Docker's format. Without Docker it becomes a filter through
libseccomp (Debian package libseccomp2), which the process then cannot take off again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["install", "preload", "profile"]

_FILE = Path(__file__).with_name("images") / "seccomp.json"
# They change or watch files that the process could not open, and Landlock does not know them.
_ON_FILES_OF_OTHERS = frozenset(
    "chmod fchmod fchmodat inotify_add_watch utime utimensat utimes".split()
)


def profile() -> dict[str, Any]:
    """The profile as Docker takes it: what is not allowed fails with EPERM."""
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def preload() -> str | None:
    """Load libseccomp while the process still sees the whole machine; why not, where it cannot."""
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError, OSError) as error:
        return f"{error} (on Debian: apt-get install libseccomp2)"
    return None


def install(*, own_files: bool = True) -> str | None:
    """Filter the system calls of this process and of all that it starts.

    Args:
        own_files: Whether the files that can be named are the sandbox's own. Where they are the
            machine's, calls that change files without opening them are refused too.

    Returns:
        Why not, if it fails.
    """
    why = preload()
    if why is not None:
        return why
    import pyseccomp as seccomp

    comparisons = {"SCMP_CMP_EQ": seccomp.EQ, "SCMP_CMP_MASKED_EQ": seccomp.MASKED_EQ}
    wanted = profile()
    built = seccomp.SyscallFilter(seccomp.ERRNO(wanted["defaultErrnoRet"]))
    for rule in wanted["syscalls"]:
        allowed = rule["action"] == "SCMP_ACT_ALLOW"
        action = seccomp.ALLOW if allowed else seccomp.ERRNO(rule["errnoRet"])
        conditions = [
            seccomp.Arg(one["index"], comparisons[one["op"]], one["value"], one.get("valueTwo", 0))
            for one in rule.get("args", [])
        ]
        for name in rule["names"]:
            if not own_files and name in _ON_FILES_OF_OTHERS:
                continue
            # Not every processor has every call.
            if seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) >= 0:
                built.add_rule(action, name, *conditions)
    try:
        built.load()
    except OSError as error:
        return str(error)
    return None
