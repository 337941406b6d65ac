"""``discover ideas``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json, jsonable, plain
from agent.wording import outcome

if TYPE_CHECKING:
    from agent.archive import Archive
    from agent.ideas import IdeaRecord

__all__ = ["ideas"]


def ideas(
    campaign: CampaignArgument = "latest", json: JsonOption = False, home: HomeOption = None
) -> None:
    """Show the ideas of a campaign: what was to be tried, whether it is new, what came of it."""
    from agent.ideas import ideas_of

    with open_archive(home_of(home)) as archive:
        record = archive.campaign(campaign)
        kept = ideas_of(archive, record.id)
        begun = [one for one in kept if one.fate != "continued"]
        found = [_described(archive, one, _later_runs(one, kept)) for one in begun]
    if json:
        emit_json({"campaign": record.id, "ideas": found})
        return
    out = console()
    out.print(f"{record.id}, {len(found)} ideas", style="bold")
    if not found:
        out.print("No proposal began with an idea: try discover run TEMPLATE --set idea_every=2")
    for one in found:
        _print(one)


def _later_runs(begun: IdeaRecord, kept: Sequence[IdeaRecord]) -> list[str]:
    """Identifiers of the candidates that went on with an idea, in their order."""
    return [one.candidate for one in kept if one.begun == begun.slot]


def _described(archive: Archive, record: IdeaRecord, later: Sequence[str]) -> dict[str, Any]:
    from agent.ideas import is_in_code

    described: dict[str, Any] = jsonable(record)
    described["became"] = _became(archive, record.candidate)
    described["in_code"] = is_in_code(archive, record)
    described["later_runs"] = [{"candidate": one, **_became(archive, one)} for one in later]
    return described


def _became(archive: Archive, identifier: str) -> dict[str, Any]:
    candidate = archive.candidate(identifier)
    return {"name": candidate.name, "outcome": candidate.outcome, "score": candidate.score}


def _print(one: dict[str, Any]) -> None:
    out = console()
    idea, novelty, became = one["idea"], one["novelty"], one["became"]
    if idea is None:
        out.print(f"\n{one['candidate']}: no idea, {plain(one['why'])}", soft_wrap=True)
        return
    ratings = ", ".join(f"{n} {idea[n]}" for n in ("interestingness", "feasibility", "novelty"))
    out.print(f"\n{plain(idea['name'])}  {one['candidate']}", style="bold")
    for label in ("hypothesis", "experiment", "expected_effect"):
        out.print(f"  {label.replace('_', ' ')}: {plain(idea[label])}", soft_wrap=True)
    out.print(f"  its author's ratings of 10: {ratings}")
    if novelty is not None:
        like = f' ("{novelty["same_as"]}")' if novelty["same_as"] else ""
        said = f"  literature: {novelty['verdict']}{like}, {novelty['why']}"
        out.print(plain(said), soft_wrap=True)
    if one["fate"] == "known":
        out.print(f"  known, so the proposal went without it: {_told(became)}")
    elif not one["in_code"]:
        out.print(f"  no code for it was accepted, so the proposal went without: {_told(became)}")
    else:
        out.print(f"  became {_told(became)}")
    for number, run in enumerate(one["later_runs"], 2):
        out.print(f"  run {number}, {run['candidate']}: {_told(run)}")


def _told(became: dict[str, Any]) -> str:
    score = "" if became["score"] is None else f", score {became['score']:.4f}"
    return f"{plain(became['name'])}: {outcome(became['outcome'])}{score}"
