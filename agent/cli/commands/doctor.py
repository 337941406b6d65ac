"""``discover doctor``."""

from __future__ import annotations

import typer

from agent.cli.failures import EXIT_INFRASTRUCTURE
from agent.cli.home import HomeOption, JsonOption, home_of
from agent.cli.output import console, emit_json, plain

__all__ = ["doctor"]


def doctor(json: JsonOption = False, home: HomeOption = None) -> None:
    """Say what can be used here, what is missing and how to get it.

    Exit code 3 says that something without which no campaign runs is missing.
    """
    from rich.table import Table
    from rich.text import Text

    from agent.cli.diagnosis import CHECKS, Finding

    place = home_of(home)
    findings: list[Finding] = []
    out = console()
    for check in CHECKS:
        found = list(check(place))
        findings += found
        if json:
            continue
        table = Table.grid(padding=(0, 2))
        table.add_column(width=8)
        table.add_column(width=36)
        table.add_column()
        for finding in found:
            remedy = "" if finding.remedy is None else f"\n-> {finding.remedy}"
            word = "OK" if finding.ok else "missing"
            style = "green" if finding.ok else "red" if finding.required else "yellow"
            table.add_row(Text(word, style=style), finding.name, plain(finding.detail) + remedy)
        out.print(table)
    healthy = all(finding.ok for finding in findings if finding.required)
    if json:
        emit_json({"healthy": healthy, "home": place, "findings": findings})
    else:
        out.print("\nReady for a campaign." if healthy else "\nNot ready: see what is in red.")
    if not healthy:
        raise typer.Exit(EXIT_INFRASTRUCTURE)
