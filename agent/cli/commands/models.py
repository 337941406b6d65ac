"""``discover models``."""

from __future__ import annotations

from agent.cli.home import JsonOption
from agent.cli.output import console, emit_json

__all__ = ["models"]


def models(json: JsonOption = False) -> None:
    """List language models: usable here, or what they need."""
    from agent.llm import available_models

    found = available_models()
    if json:
        emit_json({"models": found})
        return
    from agent.cli.tables import plain_table

    table = plain_table("model", "usable", "how")
    for model in found:
        table.add_row(model.name, "yes" if model.available else "no", model.detail)
    console().print(table)
