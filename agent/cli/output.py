"""Consoles, the one JSON object, moments, and text that cannot steer a terminal."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.wording import clip

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_COLUMNS = 160

__all__ = [
    "age",
    "console",
    "emit_json",
    "jsonable",
    "plain",
    "shorten",
]


def console(*, stderr: bool = False) -> Console:
    """A console on standard output, or on standard error where the former is for a machine."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width: tables must not be cut at 80 columns there.
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_COLUMNS
    # Names and thoughts are written by models: brackets in them are no markup.
    return Console(stderr=stderr, width=fixed, markup=False, highlight=False, emoji=False)


def jsonable(value: Any) -> Any:
    """The value as plain JSON data; a float that JSON does not have becomes None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def emit_json(value: Any) -> None:
    """Print one JSON object on standard output."""
    json.dump(jsonable(value), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def age(moment: datetime) -> str:
    """A moment as local date and time."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def plain(text: str) -> str:
    """The text without control characters: a model's words must not steer the terminal."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) == "Cc" and character not in "\n\t"
        else character
        for character in text
    )


def shorten(text: str, length: int) -> str:
    """The text in one line of at most ``length`` characters."""
    return clip(plain(" ".join(text.split())), length)
