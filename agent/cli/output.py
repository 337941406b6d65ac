"""Consoles, the one JSON object, and how numbers, times and money are written."""

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

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_COLUMNS = 160

__all__ = [
    "age",
    "console",
    "duration",
    "emit_json",
    "interval",
    "jsonable",
    "money",
    "number",
    "plain",
    "shorten",
    "signed",
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


def number(value: float | None) -> str:
    """Four decimals for everyday sizes, three significant digits beyond; a dash for None."""
    if value is None:
        return "-"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.3g}"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """``0.9123 [0.9031, 0.9214]``; the bracket is left out where there is no interval."""
    if value is None or low is None or high is None:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def signed(value: float, low: float, high: float) -> str:
    """``+0.0123 [+0.0031, +0.0214]``, for a difference."""
    parts = (("+" if part > 0 else "") + number(part) for part in (value, low, high))
    return "{} [{}, {}]".format(*parts)


def duration(seconds: float | None) -> str:
    """``8 s``, ``12 min 05 s`` or ``3 h 07 min``; a dash for None."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def age(moment: datetime) -> str:
    """A moment as local date and time."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def money(dollars: float) -> str:
    """Dollars; amounts under a cent keep four decimals."""
    return f"${dollars:.4f}" if 0 < dollars < 0.01 else f"${dollars:.2f}"


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
    line = plain(" ".join(text.split()))
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."
