"""The command line: ``discover run``, ``best``, ``show``, ``report`` and the rest.

Commands import what they need when they run, so that ``discover --help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit code: 0 done, 1 our bug, 2 something to change in what was given, 3 the
        infrastructure failed, 130 interrupted and saved.
    """
    from agent.cli.app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="discover")
    except SystemExit as ended:
        code = ended.code
        return code if isinstance(code, int) else int(code is not None)
    return 0
