"""Options of commands that ask language models: one declaration, one way to say it."""

from __future__ import annotations

import math
from typing import Annotated

import typer

__all__ = [
    "BudgetOption",
    "HoursOption",
    "ModelsOption",
    "ReflectionsOption",
    "SeedOption",
    "finite",
]

# What the archive can hold.
_LARGEST_SEED = 2**63 - 1


def finite(value: float | None) -> float | None:
    """A callback for options whose value limits something: "nan" and "inf" are numbers too.

    Raises:
        typer.BadParameter: The value is infinite or not a number.
    """
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter("a finite number is needed; leave the option out for no limit")
    return value


ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A language model; repeat for several. See discover models.",
        show_default="local",
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="USD",
        min=0,
        callback=finite,
        help="Spend at most so many dollars on models.",
    ),
]
HoursOption = Annotated[
    float | None,
    typer.Option(
        "--hours", metavar="H", callback=finite, help="Stop after so many hours of wall-clock time."
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", metavar="N", min=0, max=_LARGEST_SEED, help="Everything random follows it."
    ),
]
ReflectionsOption = Annotated[
    int,
    typer.Option("--reflections", metavar="R", min=0, max=8, help="Second looks of each reviewer."),
]
