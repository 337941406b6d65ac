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

    table = plain_table("model", "what it is", "usable", "how to get it")
    for model in found:
        table.add_row(
            model.name + (" (default)" if model.is_default else ""),
            model.title,
            f"{'yes' if model.usable else 'no'}: {model.reason}",
            model.how_to_get,
        )
    out = console()
    out.print(table)
    out.print(
        "\nAlso: local:/path/to/model.gguf, NAME@http://host:port/v1 for a server that speaks "
        "OpenAI's protocol, recorded:/path/file.jsonl for a replay, and any other name of LiteLLM.",
        soft_wrap=True,
    )
