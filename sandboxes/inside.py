"""Entry of a container: take the host's pipe, give up what is not needed, become the role.

Standard library only. Docker has made the walls by then; what is left to do is what Docker cannot:
limits per process, no environment at all, and keeping the protocol's descriptors away from
whatever prints to standard output.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path

_APP = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the module of the first argument's role; descriptors 0 and 1 are the protocol's."""
    sys.path[:0] = [str(_APP), str(_APP / "packages")]
    from sandboxes.isolation import PR_SET_DUMPABLE, SCRATCH, prctl, set_limits

    spec = json.loads(sys.argv[1])
    read_fd, write_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    set_limits(spec)
    # Forks run as the same user: none of them may look into this process.
    prctl(PR_SET_DUMPABLE, 0)
    os.environ.clear()
    os.environ.update(spec["environment"], HOME=str(SCRATCH), TMPDIR=str(SCRATCH))
    os.environ["SANDBOX_BOUNDS_PROCESSES"] = "1"
    sys.argv = [spec["module"], json.dumps(spec["arguments"]), str(read_fd), str(write_fd)]
    runpy.run_module(spec["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
