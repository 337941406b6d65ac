"""``discover review``: review a paper, or calibrate reviewers from recorded reviews."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.home import HomeOption, JsonOption
from agent.cli.options import BudgetOption, ModelsOption, ReflectionsOption, SeedOption

__all__ = ["review"]

_DEFAULT_REVIEWERS = 3
_DEFAULT_REFLECTIONS = 1


def review(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A paper: PDF, LaTeX, Markdown or plain text."),
    ] = None,
    model: ModelsOption = None,
    reviewers: Annotated[
        int, typer.Option("--reviewers", metavar="K", min=1, max=16, help="Independent reviews.")
    ] = _DEFAULT_REVIEWERS,
    reflections: ReflectionsOption = _DEFAULT_REFLECTIONS,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="A saved calibration to apply."),
    ] = None,
    known_as: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Whom of the calibration's reviewers this one is taken for.",
        ),
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option("--calibrate", metavar="FILE.csv", help="Fit to these recorded reviews."),
    ] = None,
    evaluate: Annotated[
        Path | None,
        typer.Option("--evaluate", metavar="OTHER.csv", help="Judge it on these others."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Where to write what was fitted, as JSON."),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option("--repeats", metavar="N", min=1, help="Rounds of cross-validation."),
    ] = 10,
    budget: BudgetOption = None,
    seed: SeedOption = 0,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Review a paper with language models, or calibrate recorded reviewers.

    With --calibrate alone the evaluation is cross-validated; with --evaluate it is on other papers.
    """
    from templates.errors import UserError

    quiet = json and not sys.stderr.isatty()
    if calibrate is not None or evaluate is not None:
        # Many small products: threads of the linear algebra only wait for each other, most of all
        # on a busy machine. It reads this once, when it is loaded.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from agent.cli.calibration_view import run_calibration

        if file is not None or known_as is not None:
            raise UserError("give a paper to review, or recorded reviews to calibrate, not both")
        run_calibration(
            calibrate, evaluate, calibration, save, repeats=repeats, seed=seed, as_json=json
        )
        return
    if file is None:
        raise UserError("name a paper to review, or give --calibrate REVIEWS.csv")
    if save is not None:
        raise UserError("--save goes with --calibrate: a review is kept in the archive by itself")
    from agent.cli.review_view import run_review

    run_review(
        file,
        model or ["local"],
        reviewers=reviewers,
        reflections=reflections,
        calibration=calibration,
        known_as=known_as,
        budget_usd=budget,
        seed=seed,
        home=home,
        as_json=json,
        notify=(lambda line: None) if quiet else _tell,
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
