"""``discover evaluate``: score a candidate of one's own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from agent.cli.commands.run import SandboxOption, WorkersOption, overrides_of
from agent.cli.failures import EXIT_USER
from agent.cli.home import JsonOption
from agent.cli.output import console, emit_json, plain
from agent.wording import duration, interval, number

__all__ = ["evaluate"]

SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting of the template, e.g. level=objective; repeatable.",
    ),
]


def evaluate(
    template: Annotated[
        str,
        typer.Argument(
            metavar="TEMPLATE", help="Name of a template, or a folder with a template.toml."
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Python file of the candidate; for an experiment, edits or an edited copy of it.",
        ),
    ],
    tier: Annotated[
        Literal["smoke", "screen", "search", "confirm"],
        typer.Option("--tier", help="How much to spend."),
    ] = "search",
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, help="Decides the seeds; same seed, same bits."),
    ] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", metavar="N", min=1, help="How many seeds.", show_default="as the tier says"
        ),
    ] = None,
    settings: SettingsOption = None,
    sandbox: SandboxOption = "auto",
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Score a file of your own as a campaign would.

    Exit code 2 says that the file must change, and one line says what.
    """
    from agent.evaluation.single import evaluate_file
    from templates.errors import UserError

    if not file.exists():
        raise UserError(f"there is no file {file}: give the path of a Python file")
    found = evaluate_file(
        template,
        file,
        tier=tier,
        seed=seed,
        seeds=seeds,
        sandbox=sandbox,
        workers=workers,
        settings=overrides_of(settings or ()),
        # A machine that reads the object also reads the one line of an error.
        notify=_silent if json and not sys.stderr.isatty() else _tell,
    )
    if json:
        emit_json(found)
    elif found["status"] == "valid":
        _print(found, file)
    if found["status"] != "valid":
        error = found["error"]
        message = " ".join(plain(str(error["message"])).split())
        print(f"discover: {file}: {error['class']}: {message}", file=sys.stderr)
        raise typer.Exit(EXIT_USER)


def _silent(line: str) -> None:
    pass


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(found: Mapping[str, Any], file: Path) -> None:
    from agent.cli.tables import facts_table

    bounds = found["interval"] or {"low": None, "high": None}
    known = found["known_as"]
    out = console()
    out.print(f"{file} on {found['template']}", style="bold")
    out.print(
        facts_table(
            [
                ("score", interval(found["score"], bounds["low"], bounds["high"])),
                ("tier", f"{found['tier']}, seed {found['seed']}"),
                ("known as", "nothing known" if known is None else str(known)),
                ("flags", ", ".join(found["flags"])),
                *((name, number(value)) for name, value in found["metrics"].items()),
                *((f"on {task}", number(value)) for task, value in found["by_task"].items()),
                ("closed form", found["closed_form"] or ""),
                ("sandbox", str(found["sandbox"])),
                ("time", duration(found["seconds"])),
            ]
        )
    )
