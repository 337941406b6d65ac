"""``discover paper``."""

from __future__ import annotations

import sys
from concurrent.futures import wait
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED
from agent.cli.home import HomeOption, JsonOption, home_of, open_archive
from agent.cli.options import ReflectionsOption, finite
from agent.cli.output import console, emit_json, jsonable, plain
from agent.wording import money

if TYPE_CHECKING:
    from agent.papers.paper import PaperResult

__all__ = ["paper", "print_paper"]


def paper(
    candidate: Annotated[
        str,
        typer.Argument(
            metavar="CANDIDATE",
            help="Its id (3f2a-7 will do), or its name within the latest campaign.",
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Who writes; another one than before begins another paper.",
            show_default="the one that began it, or local",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FOLDER", help="Where to.", show_default="papers/ in the home"
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            metavar="USD",
            min=0,
            callback=finite,
            help="Spend at most so many dollars, with reviews and revisions.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Begin another paper although there is one.")
    ] = False,
    reviewers: Annotated[
        int | None,
        typer.Option(
            "--reviewers",
            metavar="K",
            min=0,
            max=16,
            help="Reviews of the PDF; 0 for none.",
            show_default="3, from a local model 1",
        ),
    ] = None,
    reflections: ReflectionsOption = 1,
    improve: Annotated[
        int,
        typer.Option(
            "--improve",
            metavar="N",
            min=0,
            max=8,
            help="Revise it so often after its review; every version is kept.",
        ),
    ] = 0,
    json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Write a candidate's paper, every number of it linked to the archive, and have it reviewed.

    Ctrl-C keeps what is done; the same command goes on, and pays for nothing twice.
    """
    from agent.calling import BudgetSpentError
    from agent.cli.interrupt import Interruption
    from agent.evaluation.workers import DaemonPool
    from agent.llm.registry import is_local
    from agent.papers.path import PaperPath
    from agent.papers.reviewed import ModelPaperReviewer
    from agent.papers.stages import model_of
    from agent.reviewing import ReviewPlan
    from agent.stopping import StopRequestedError
    from templates.errors import UserError

    place = home_of(home)
    again_with = f"discover paper {candidate}"
    with open_archive(place) as archive:
        record = archive.candidate(candidate)
        writer = model or model_of(archive, record) or "local"
        reviewer = None
        if reviewers is None:
            # Several opinions of one small model are one opinion, and take minutes each.
            reviewers = 1 if is_local(writer) else 3
        if reviewers:
            plan = ReviewPlan(reviewers=reviewers, reflections=reflections)
            reviewer = ModelPaperReviewer(archive, [writer], plan, home=place, notify=_tell)
        work = PaperPath(
            archive,
            record,
            model=model,
            home=place,
            out=out,
            budget_usd=budget,
            again=again,
            notify=_tell,
            reviewer=reviewer,
            improve=improve,
        )
        pool = DaemonPool(1, "paper")
        with Interruption(work.request_stop, exit_code=EXIT_INTERRUPTED) as interruption:
            future = pool.submit(work.run)
            while not future.done() and not interruption.received:
                wait([future], timeout=0.2)
        if interruption.received and not future.done():
            _tell(f"kept what is done; go on with: {again_with}")
            raise typer.Exit(EXIT_INTERRUPTED)
        pool.close()
        try:
            result, made = future.result()
        except StopRequestedError:
            _tell(f"kept what is done; go on with: {again_with}")
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BudgetSpentError as error:
            raise UserError(
                f"{error}; what is done is kept: go on with {again_with} and a larger --budget"
            ) from error
    if json:
        emit_json({**jsonable(result), "improvements": jsonable(made)})
    else:
        print_paper(result)
        for one in made:
            done = ", ".join(one.measures).replace("_", " ") or "nothing new measured"
            rated = f"overall {_rating(one.before)} before, {_rating(one.after)} after"
            out_of = f"Version {one.result.version} revises version {one.revises}"
            console().print(f"{out_of}: {done}; {rated}.", soft_wrap=True)
    if result.pdf is None:
        raise typer.Exit(EXIT_INFRASTRUCTURE)


def _rating(overall: float | None) -> str:
    return "unrated" if overall is None else f"{overall:.1f}"


def _tell(line: str) -> None:
    # The reader's clock; what is stored is UTC.
    moment = datetime.now().astimezone()
    print(f"{moment:%H:%M:%S} {plain(line)}", file=sys.stderr, flush=True)


def print_paper(result: PaperResult) -> None:
    """What came of a paper, in three lines."""
    from agent.papers.authorship import BY_MODEL

    out = console()
    model = sum(said in BY_MODEL for said in result.authors.values())
    earlier = result.total_cost_usd - result.cost_usd - result.review_cost_usd
    all_in_all = f" {money(result.total_cost_usd)} with earlier versions." if earlier > 1e-9 else ""
    out.print(
        f"{model} of {len(result.authors)} sections by the model, {result.numbers} linked facts, "
        f"{result.calls} calls, {money(result.cost_usd)} spent, and "
        f"{money(result.review_cost_usd)} on its review.{all_in_all}"
    )
    if result.pdf is None:
        out.print(f"No PDF: {plain(result.error or '')}", style="bold")
        out.print(f"Sources and log: {result.folder}", soft_wrap=True)
        return
    out.print(f"Paper, {result.pages} pages, set by {result.engine}: {result.pdf}", soft_wrap=True)
    said = (result.review or {}).get("review")
    if said is not None:
        out.print(f"Review: {plain(said['text'])}", soft_wrap=True)
