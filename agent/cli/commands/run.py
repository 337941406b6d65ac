"""``discover run`` and ``discover resume``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent.cli.failures import EXIT_INTERRUPTED
from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.options import BudgetOption, HoursOption, ModelsOption, SeedOption, finite
from agent.cli.output import console, emit_json, plain
from agent.wording import money

if TYPE_CHECKING:
    from agent.archive import Archive, CampaignRecord
    from agent.campaign import Campaign
    from agent.campaign.progress import Observer
    from agent.papers.paper import PaperResult

__all__ = ["SandboxOption", "WorkersOption", "resume", "run"]

SandboxOption = Annotated[
    Literal["auto", "docker", "process"],
    typer.Option("--sandbox", help="What untrusted code runs in; auto takes the strongest here."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, help="Evaluator processes.", show_default="one per core"
    ),
]
_NoLive = Annotated[
    bool, typer.Option("--no-live", help="Print plain lines instead of the live view.")
]


def run(
    template: Annotated[
        str,
        typer.Argument(
            metavar="TEMPLATE", help="Name of a template, or a folder with a template.toml."
        ),
    ],
    candidates: Annotated[
        int | None,
        typer.Option("--candidates", metavar="N", min=1, help="How many proposals to make."),
    ] = None,
    hours: HoursOption = None,
    budget: BudgetOption = None,
    model: ModelsOption = None,
    seed: SeedOption = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting of the template or the campaign, e.g. in_flight=8; repeatable. "
            "An unknown KEY names the known.",
        ),
    ] = None,
    sandbox: SandboxOption = "auto",
    workers: WorkersOption = None,
    json: JsonOption = False,
    no_live: _NoLive = False,
    home: HomeOption = None,
) -> None:
    """Start a campaign and follow it to its end.

    Ctrl-C saves and says how to go on; a second one quits at once, which loses nothing either.
    """
    from agent.campaign import Campaign, CampaignSettings

    place = home_of(home)
    wanted = CampaignSettings(
        template=template,
        models=tuple(model or ("local",)),
        candidates=candidates,
        hours=hours,
        budget_usd=budget,
        seed=seed,
        sandbox=sandbox,
        workers=workers,
        overrides=overrides_of(settings or ()),
    )
    with open_archive(place, must_exist=False) as archive:
        _follow(archive, Campaign.create(archive, wanted, place), place, json, no_live)


def resume(
    campaign: CampaignArgument = "latest",
    candidates: Annotated[
        int | None,
        typer.Option(
            "--candidates",
            metavar="N",
            min=1,
            help="Of a curriculum: new limit on its generations, earlier ones included.",
        ),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            "--hours",
            metavar="H",
            callback=finite,
            help="Of a curriculum: new limit on its hours.",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            metavar="USD",
            callback=finite,
            help="Of a curriculum: new limit on its cost.",
        ),
    ] = None,
    json: JsonOption = False,
    no_live: _NoLive = False,
    home: HomeOption = None,
) -> None:
    """Go on with a campaign that was stopped, interrupted or killed.

    A curriculum has no end but its limits: with higher ones it goes on from where it is.
    """
    from agent.campaign import Campaign

    place = home_of(home)
    with open_archive(place) as archive:
        record = archive.campaign(campaign)
        if record.status == "done":
            from agent.papers.automatic import AutomaticPapers

            if AutomaticPapers(archive, record, place, _tell).pending():
                papers = _write_papers(archive, record, place, quiet=json)
                if json:
                    from agent.cli.commands.campaigns import campaign_object

                    emit_json({**campaign_object(archive, record), "papers": papers})
                return
        taken_up = Campaign.resume(
            archive, record.id, place, candidates=candidates, hours=hours, budget_usd=budget
        )
        _follow(archive, taken_up, place, json, no_live)


def overrides_of(settings: list[str] | tuple[()]) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping.

    Raises:
        UserError: One has no ``=``, or a key comes twice.
    """
    from templates.errors import UserError

    overrides: dict[str, str] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UserError(f"--set {text}: write it as KEY=VALUE, for example --set in_flight=8")
        if key in overrides:
            raise UserError(f"--set {key} was given twice: keep one of them")
        overrides[key] = value.strip()
    return overrides


def _follow(
    archive: Archive, campaign: Campaign, place: Path, as_json: bool, no_live: bool
) -> None:
    """Run a campaign under the eyes of a person, then say what it found."""
    from agent.cli.interrupt import Interruption
    from agent.cli.lines import LineView
    from templates.errors import InfrastructureError

    screen = console(stderr=as_json)
    lines = LineView(sys.stderr if as_json else sys.stdout)
    observer: Observer = lines
    with ExitStack() as stack:
        interruption = stack.enter_context(
            Interruption(campaign.request_stop, exit_code=EXIT_INTERRUPTED)
        )
        if screen.is_terminal and not no_live:
            from agent.cli.live import LiveView

            observer = stack.enter_context(LiveView(screen, lines, interruption))
        try:
            record = campaign.run(observer)
        except InfrastructureError as error:
            raise InfrastructureError(
                f"{error} (saved; go on with: discover resume {campaign.id})"
            ) from error
    if interruption.received and record.status == "stopped":
        _say_resume(archive, record, as_json)
        raise typer.Exit(EXIT_INTERRUPTED)
    if as_json:
        papers = _write_papers(archive, record, place, quiet=True)
        _conclude(archive, record, place, papers)
    else:
        _conclude(archive, record, place, None)
        _write_papers(archive, record, place, quiet=False)


def _write_papers(
    archive: Archive, record: CampaignRecord, place: Path, *, quiet: bool
) -> list[PaperResult]:
    """The papers that the campaign's settings ask for; nothing where they ask for none."""
    if dict(record.settings.get("overrides", {})).get("papers", "off") == "off":
        return []
    from concurrent.futures import wait

    from agent.cli.commands.paper import print_paper
    from agent.cli.interrupt import Interruption
    from agent.evaluation.workers import DaemonPool
    from agent.papers.automatic import AutomaticPapers
    from agent.stopping import StopRequestedError

    work = AutomaticPapers(archive, record, place, _tell)
    pool = DaemonPool(1, "papers")
    with Interruption(work.request_stop, exit_code=EXIT_INTERRUPTED) as interruption:
        future = pool.submit(work.write)
        while not future.done() and not interruption.received:
            wait([future], timeout=0.2)
    if interruption.received:
        _tell(f"kept what is done; go on with: discover resume {record.id}")
        raise typer.Exit(EXIT_INTERRUPTED)
    pool.close()
    try:
        results = future.result()
    except StopRequestedError:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if results:
        from agent.report import write_report

        # With the reviews of the papers.
        write_report(archive, record.id, place)
    for result in results:
        if not quiet:
            print_paper(result)
    return results


def _tell(line: str) -> None:
    print(plain(line), file=sys.stderr, flush=True)


def _say_resume(archive: Archive, record: CampaignRecord, as_json: bool) -> None:
    counts = archive.counts(record.id, kinds=("proposal",))
    if as_json:
        from agent.cli.commands.campaigns import campaign_object

        emit_json(campaign_object(archive, record))
    console(stderr=as_json).print(
        f"Saved {record.id}: {counts.terminal} proposals done, "
        f"{money(archive.cost(record.id))} spent.\nGo on with: discover resume {record.id}"
    )


def _conclude(
    archive: Archive, record: CampaignRecord, place: Path, papers: list[PaperResult] | None
) -> None:
    """The table, one plain sentence, and where the report is; one object where papers are given."""
    from agent.report import write_report
    from agent.report.summary import summary

    found = summary(archive, record.id, limit=12)
    report = write_report(archive, record.id, place)
    if papers is not None:
        from agent.cli.commands.campaigns import campaign_object
        from agent.cli.commands.candidates import ranking_object

        said = {**campaign_object(archive, record), **ranking_object(found)}
        emit_json({**said, "report": report, "papers": papers})
        return
    from agent.cli.tables import ranking_table

    screen = console()
    screen.print(f"\n{record.id}: {record.status}, {record.stop_reason}", style="bold")
    screen.print(ranking_table(found, screen.width))
    screen.print(f"\n{plain(found.headline)}")
    screen.print(f"Report: {report}", soft_wrap=True)
    if record.status == "stopped":
        screen.print(f"Go on with: discover resume {record.id}")
