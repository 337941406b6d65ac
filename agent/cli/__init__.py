"""The command line: ``discover run``, ``best``, ``show``, ``report`` and the rest.

Commands import what they need when they run, so that ``discover --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["leave", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 our bug, 2 something to change in what was given, 3 the
        infrastructure failed, 130 interrupted and saved.
    """
    from agent.cli.app import app

    code = 0
    try:
        app(args=None if arguments is None else list(arguments), prog_name="discover")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    leave(code)
    return code


def leave(code: int) -> None:
    """End the process with a code where it could not end in order; else do nothing.

    Args:
        code: The exit code. What is to be kept has been committed by now.
    """
    local = sys.modules.get("agent.llm.local")
    if local is None or local.close_local_models():
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
