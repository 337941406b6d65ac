"""``discover ideas``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import console, emit_json, jsonable, plain

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
        found = [_described(archive, one) for one in ideas_of(archive, record.id)]
    if json:
        emit_json({"campaign": record.id, "ideas": found})
        return
    out = console()
    out.print(f"{record.id}, {len(found)} ideas", style="bold")
    if not found:
        out.print("No proposal began with an idea: try discover run TEMPLATE --set idea_every=2")
    for one in found:
        _print(one)


def _described(archive: Archive, record: IdeaRecord) -> dict[str, Any]:
    described: dict[str, Any] = jsonable(record)
    candidate = archive.candidate(record.candidate)
    described["became"] = {
        "name": candidate.name,
        "outcome": candidate.outcome,
        "score": candidate.score,
    }
    return described


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
    score = "" if became["score"] is None else f", score {became['score']:.4f}"
    became_what = f"{plain(became['name'])}: {became['outcome'] or 'not settled'}{score}"
    if one["fate"] == "known":
        out.print(f"  known, so the proposal went without it: {became_what}")
    else:
        out.print(f"  became {became_what}")
