"""``discover templates``."""

from __future__ import annotations

from typing import Any

import typer

from agent.cli.failures import ReportingCommand
from agent.cli.home import JsonOption
from agent.cli.output import console, emit_json

__all__ = ["templates_app"]

templates_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The tasks that a campaign can work on."
)


@templates_app.command(
    "list",
    cls=ReportingCommand,
    epilog="Example: discover templates list --json",
    short_help="List the templates.",
)
def list_templates(json: JsonOption = False) -> None:
    """List the templates that can be used by name: those shipped and those of other packages."""
    from templates.registry import template_names

    objects = [_describe(name) for name in template_names()]
    if json:
        emit_json({"templates": objects})
        return
    from agent.cli.tables import plain_table

    table = plain_table(
        "name", "title", "score", "baselines", "tasks", "settings", right=("baselines",)
    )
    for described in objects:
        if described["error"] is not None:
            table.add_row(described["name"], f"cannot be used: {described['error']}", style="red")
            continue
        table.add_row(
            described["name"],
            described["title"],
            f"{described['metric']}, {described['direction']}",
            str(len(described["baselines"])),
            ", ".join(described["search_tasks"])
            + (f"; held out: {', '.join(held)}" if (held := described["held_out_tasks"]) else ""),
            "; ".join(
                f"{setting}={'|'.join(offered['choices'])} (default {offered['default']})"
                for setting, offered in described["settings"].items()
            ),
        )
    console().print(table)


def _describe(name: str) -> dict[str, Any]:
    from templates.errors import UserError
    from templates.registry import load_template

    try:
        template = load_template(name)
        baselines = template.baselines
    except UserError as error:
        # One broken template of some package must not hide the others.
        return {"name": name, "error": str(error)}
    spec = template.spec
    return {
        "name": name,
        "error": None,
        "title": spec.title,
        "summary": spec.summary,
        "boundary": spec.boundary,
        "metric": spec.primary.title,
        "direction": spec.primary.direction.value,
        "search_tasks": spec.search_tasks,
        "held_out_tasks": spec.held_out_tasks,
        "settings": {
            name: {"default": setting.default, "choices": dict(setting.choices)}
            for name, setting in spec.settings.items()
        },
        "tiers": [tier.model_dump() for tier in spec.tiers],
        "baselines": [baseline.name for baseline in baselines if not baseline.is_control],
        "path": template.path,
    }
