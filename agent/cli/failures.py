"""What a person sees when something goes wrong, and with which exit code."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import typer
import typer.core

from agent.cli.home import home_of
from agent.cli.output import shorten
from templates.errors import CandidateError, InfrastructureError, UserError

__all__ = [
    "EXIT_BUG",
    "EXIT_INFRASTRUCTURE",
    "EXIT_INTERRUPTED",
    "EXIT_USER",
    "PanelGroup",
    "ReportingCommand",
    "is_debugging",
]

EXIT_BUG = 1
EXIT_USER = 2
EXIT_INFRASTRUCTURE = 3
EXIT_INTERRUPTED = 130


def is_debugging(context: Any) -> bool:
    """Whether ``--debug`` was given before the command."""
    return bool(context.find_root().params.get("debug"))


class PanelGroup(typer.core.TyperGroup):
    """The top of the command line: lists its commands by what they are about."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section per help panel."""
        commands = [self.commands[name] for name in self.list_commands(ctx)]
        for panel in dict.fromkeys(getattr(c, "rich_help_panel", None) for c in commands):
            rows = [
                (command.name, command.get_short_help_str(64))
                for command in commands
                if getattr(command, "rich_help_panel", None) == panel
            ]
            with formatter.section(panel or "Commands"):
                formatter.write_dl(rows)


class ReportingCommand(typer.core.TyperCommand):
    """A command whose exceptions become one clear line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command and classify what it raises.

        Raises:
            typer.Exit: With the code that belongs to the failure.
        """
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            # Usage errors, exits and closed pipes are Typer's own business.
            raise
        except (UserError, CandidateError) as error:
            _complain(ctx, error, "error", EXIT_USER)
        except InfrastructureError as error:
            _complain(ctx, error, "infrastructure failed", EXIT_INFRASTRUCTURE)
        except KeyboardInterrupt:
            _say("interrupted")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except Exception as error:  # noqa: BLE001 - the outermost boundary; reported, not swallowed
            _report_bug(ctx, error)


def _complain(context: Any, error: Exception, label: str, code: int) -> None:
    if is_debugging(context):
        traceback.print_exception(error)
    _say(f"{label}: {_one_line(error)}")
    raise typer.Exit(code) from None


def _report_bug(context: Any, error: Exception) -> None:
    if is_debugging(context):
        raise error
    where = _save_traceback(context, error)
    what = shorten(_one_line(error), 300)
    _say(
        f"bug: {type(error).__name__}: {what} - this is a mistake in discovery-agent, not in what "
        f"you gave. The campaign's state is saved; the traceback is {where}"
    )
    raise typer.Exit(EXIT_BUG) from None


def _save_traceback(context: Any, error: Exception) -> str:
    """Write the traceback below the home; where that cannot be written, print it instead."""
    text = "".join(traceback.format_exception(error))
    moment = datetime.now(UTC)
    folder = home_of(context.params.get("home")) / "errors"
    path = folder / f"{moment:%Y%m%d-%H%M%S-%f}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{moment.isoformat()}\n{sys.argv}\n\n{text}")
    except OSError as reason:
        _say(text.rstrip())
        return f"above (it could not be saved: {reason})"
    return f"in {path}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _say(text: str) -> None:
    print(f"discover: {text}", file=sys.stderr)
