"""Runs a Python program where the kernel gives no namespaces, as where they are forbidden.

``python without_namespaces.py ARGUMENTS...`` enters a user namespace as an ordinary user, forbids
any further one, and becomes ``python ARGUMENTS...``. The user outside stays the same, so that only
the sandbox can be what keeps its files out of reach.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sandboxes.isolation import CLONE_NEWUSER, map_self, unshare

_SOMEBODY = 1000


def main() -> None:
    """Forbid namespaces, lose every capability, become the program."""
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    map_self(_SOMEBODY, user, group)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    # Who is not root loses its capabilities here.
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
