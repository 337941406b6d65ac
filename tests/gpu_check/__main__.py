"""Runs every check that needs a GPU, within 8 minutes, and prints one table of what came of them.

Usage: make gpu-check [ARGS="--json gpu.json"]; see `tests.gpu_check` for a call without make.

Needs one NVIDIA GPU and a Python that has this project's packages and JAX with its plugin for CUDA;
no network. Scores, tolerances and sizes are in ``cases.py``. Ends with 0 where everything passed, 1
where something failed, 3 where there is no GPU, and 4 where nothing failed and something was not
run, for want of time or because ``--only`` left it out.

``--platform cpu --quick`` runs the same checks on a CPU with the smallest sizes: that tests the
checks, and says nothing of a GPU.
"""

from __future__ import annotations

import argparse
import json
import platform as machine
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.gpu_check.checks import all_checks
from tests.gpu_check.finding import gpu_of_jax, gpu_of_machine
from tests.gpu_check.rows import Row, as_json, exit_status, print_table
from tests.gpu_check.running import run_check

_NO_GPU = 3
_LIMIT_S = 480.0
# In less than this no check gets to its first row.
_LEAST_S = 15.0
# For ending the last check and printing.
_ENDING_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, run the checks one after another, print the table.

    Args:
        arguments: In place of the command line's.

    Returns:
        The exit status.
    """
    names = [check.name for check in all_checks(quick=False)]
    parser = argparse.ArgumentParser(prog="gpu_check", description=__doc__.splitlines()[0])
    parser.add_argument("--platform", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="smallest sizes")
    parser.add_argument("--only", nargs="+", metavar="CHECK", help=f"of: {', '.join(names)}")
    parser.add_argument("--limit", type=float, default=_LIMIT_S, help="seconds for all of it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there as well")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    checks = all_checks(quick=chosen.quick)
    unknown = set(chosen.only or ()) - {check.name for check in checks}
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    device = machine.machine() + " CPU"
    if chosen.platform == "cuda":
        seen = gpu_of_machine()
        found, why = gpu_of_jax() if seen else (None, "no device file, and nvidia-smi names none")
        if found is None:
            print(f"gpu-check: no GPU here: {why}; nothing was checked", file=sys.stderr)
            return _NO_GPU
        device = found
    rows: list[Row] = []
    for check in checks:
        left = chosen.limit - _ENDING_S - (time.monotonic() - started)
        if chosen.only and check.name not in chosen.only:
            rows += [Row(what, "left out by --only", 0.0, "not run") for what in check.rows]
        elif left < _LEAST_S:
            why = f"the {chosen.limit:.0f} s for all checks are over"
            rows += [Row(what, why, 0.0, "not run") for what in check.rows]
        else:
            limit_s = min(check.limit_s, left)
            print(f"{check.name}: {limit_s:.0f} s at most", file=sys.stderr, flush=True)
            rows += run_check(check, chosen.platform, limit_s, quick=chosen.quick)
    seconds = time.monotonic() - started
    title = f"{device}, jax {version('jax')}, {seconds:.0f} s"
    print_table(rows, title)
    if chosen.json:
        about = {"device": device, "jax": version("jax"), "seconds": round(seconds, 1)}
        about |= {"platform": chosen.platform, "quick": chosen.quick}
        text = json.dumps(as_json(rows, **about), indent=1)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
