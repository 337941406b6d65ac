"""Options of commands that ask language models: one declaration, one way to say it."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "BudgetOption",
    "ModelsOption",
    "ReflectionsOption",
    "SeedOption",
]

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
    typer.Option("--budget", metavar="USD", min=0, help="Spend at most so many dollars on models."),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Everything random follows it.")
]
ReflectionsOption = Annotated[
    int,
    typer.Option("--reflections", metavar="R", min=0, max=8, help="Second looks of each reviewer."),
]
