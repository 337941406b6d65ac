"""The command line's table of contents: every command, its help panel and its example."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.commands.answers import answers
from agent.cli.commands.campaigns import list_campaigns, status, stop
from agent.cli.commands.candidates import best, show
from agent.cli.commands.doctor import doctor
from agent.cli.commands.evaluate import evaluate
from agent.cli.commands.ideas import ideas
from agent.cli.commands.models import models
from agent.cli.commands.paper import paper
from agent.cli.commands.report import report
from agent.cli.commands.review import review
from agent.cli.commands.run import resume, run
from agent.cli.commands.sandbox import sandbox_app
from agent.cli.commands.templates import templates_app
from agent.cli.failures import PanelGroup, ReportingCommand

__all__ = ["app"]

app = typer.Typer(
    name="discover",
    cls=PanelGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Rich's help costs .25 s of imports; its tables are for results.
    rich_markup_mode=None,
    epilog="Begin with: discover run preference_loss --candidates 12",
)

_CAMPAIGNS = "Campaigns"
_CANDIDATES = "Candidates"
_PAPERS = "Papers"
_MACHINE = "This machine"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"discover {version('discovery-agent')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks instead of saving them.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Language models propose learning objectives; this scores them and keeps what holds."""


for command, name, panel, example in (
    (run, "run", _CAMPAIGNS, "discover run preference_loss --candidates 24 --hours 1"),
    (resume, "resume", _CAMPAIGNS, "discover resume 3f2a"),
    (stop, "stop", _CAMPAIGNS, "discover stop latest"),
    (status, "status", _CAMPAIGNS, "discover status --json"),
    (list_campaigns, "list", _CAMPAIGNS, "discover list"),
    (report, "report", _CAMPAIGNS, "discover report 3f2a"),
    (answers, "answers", _CAMPAIGNS, "discover answers 3f2a --out answers.jsonl"),
    (best, "best", _CANDIDATES, "discover best --limit 20"),
    (show, "show", _CANDIDATES, "discover show 3f2a-7"),
    (ideas, "ideas", _CANDIDATES, "discover ideas 3f2a"),
    (paper, "paper", _CANDIDATES, "discover paper 3f2a-7 --budget 2"),
    (evaluate, "evaluate", _CANDIDATES, "discover evaluate preference_loss my_loss.py --json"),
    (review, "review", _PAPERS, "discover review paper.pdf --reviewers 3"),
    (models, "models", _MACHINE, "discover models"),
    (doctor, "doctor", _MACHINE, "discover doctor"),
):
    app.command(name, cls=ReportingCommand, rich_help_panel=panel, epilog=f"Example: {example}")(
        command
    )
app.add_typer(
    templates_app,
    name="templates",
    rich_help_panel=_MACHINE,
    epilog="Example: discover templates list",
)
app.add_typer(
    sandbox_app,
    name="sandbox",
    rich_help_panel=_MACHINE,
    epilog="Example: discover sandbox build",
)
