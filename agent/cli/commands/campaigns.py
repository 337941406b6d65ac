"""``discover list``, ``status`` and ``stop``: campaigns seen from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agent.cli.home import CampaignArgument, HomeOption, JsonOption, home_of, open_archive
from agent.cli.output import age, console, emit_json, plain
from agent.wording import duration, money, outcome

if TYPE_CHECKING:
    from agent.archive import Archive, CampaignRecord

__all__ = ["list_campaigns", "status", "stop"]


def list_campaigns(json: JsonOption = False, home: HomeOption = None) -> None:
    """List all campaigns, the latest first."""
    with open_archive(home_of(home)) as archive:
        objects = [campaign_object(archive, record) for record in archive.campaigns()]
    if json:
        emit_json({"campaigns": objects})
        return
    from agent.cli.tables import campaigns_table

    out = console()
    if not objects:
        out.print("No campaign yet: begin one with discover run preference_loss")
        return
    out.print(campaigns_table(objects, out.width))


def status(
    campaign: CampaignArgument = "latest", json: JsonOption = False, home: HomeOption = None
) -> None:
    """Show where a campaign stands, and whether it is running."""
    with open_archive(home_of(home)) as archive:
        record = archive.campaign(campaign)
        described = campaign_object(archive, record)
        described["settings"] = dict(record.settings)
        described["environment"] = dict(record.environment)
    if json:
        emit_json(described)
        return
    from agent.cli.tables import facts_table

    out = console()
    out.print(record.id, style="bold")
    out.print(facts_table(_facts(described, record)))
    if described["state"] in ("interrupted", "stopped"):
        out.print(f"\nGo on with: discover resume {record.id}")


def stop(
    campaign: CampaignArgument = "latest", json: JsonOption = False, home: HomeOption = None
) -> None:
    """Ask a running campaign to save and stop."""
    from templates.errors import UserError

    place = home_of(home)
    with open_archive(place) as archive:
        record = archive.campaign(campaign)
        holder = archive.lease_holder(record.id)
    if holder is None:
        raise UserError(f"no process is running campaign {record.id}: there is nothing to stop")
    from agent.campaign import request_stop_of

    request_stop_of(place, record.id)
    if json:
        emit_json({"campaign": record.id, "stop_requested": True, "process": holder})
        return
    console().print(
        f"Asked process {holder.pid} on {holder.host} to stop {record.id}. "
        f"Go on later with: discover resume {record.id}"
    )


def campaign_object(archive: Archive, record: CampaignRecord) -> dict[str, Any]:
    """A campaign as data.

    ``state`` is its status, except that ``interrupted`` says that it was running when its process
    ended and that no process runs it now.
    """
    holder = archive.lease_holder(record.id)
    state: str = record.status
    counts = archive.counts(record.id, kinds=("proposal",))
    ended = record.finished_at
    if ended is None:
        ended = datetime.now(UTC) if holder is not None else _last_sign(archive, record)
    return {
        "campaign": record.id,
        "template": record.template,
        "status": state,
        "state": "interrupted" if state == "running" and holder is None else state,
        "process": holder,
        "stop_reason": record.stop_reason,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "seconds": (ended - record.created_at).total_seconds(),
        "seed": record.seed,
        "proposals": counts,
        "discoveries": sum(c.is_discovery for c in archive.candidates(record.id, terminal=True)),
        "usage": archive.usage(record.id),
    }


def _last_sign(archive: Archive, record: CampaignRecord) -> datetime:
    """When an interrupted campaign last got further: the newest candidate's beginning."""
    newest = archive.candidates(record.id, limit=1, latest_first=True)
    return newest[0].created_at if newest else record.created_at


def _facts(described: Mapping[str, Any], record: CampaignRecord) -> Iterator[tuple[str, str]]:
    counts, usage, holder = described["proposals"], described["usage"], described["process"]
    running = "" if holder is None else f", process {holder.pid} on {holder.host}"
    reason = f": {plain(record.stop_reason)}" if record.stop_reason else ""
    yield "state", described["state"] + running + reason
    yield "template", f"{record.template}, seed {record.seed}"
    yield "models", ", ".join(record.settings.get("models", ()))
    limits = [
        f"{record.settings[key]:g} {unit}"
        for key, unit in (
            ("candidates", "proposals"),
            ("hours", "hours"),
            ("budget_usd", "dollars"),
        )
        if record.settings.get(key) is not None
    ]
    yield "limits", ", ".join(limits)
    yield "proposals", f"{counts.terminal} done of {counts.total} begun"
    yield "outcomes", _tally({outcome(name): count for name, count in counts.by_outcome.items()})
    yield "stages", _tally(counts.by_stage)
    yield "errors", _tally(counts.by_error_kind)
    yield "discoveries", str(described["discoveries"])
    failed = f", {usage.failed_calls} of them failed" if usage.failed_calls else ""
    tokens = f"{usage.prompt_tokens + usage.completion_tokens} tokens"
    yield "cost", f"{money(usage.cost_usd)} for {usage.calls} calls{failed}, {tokens}"
    yield "time", f"{duration(described['seconds'])}, begun {age(record.created_at)}"
    sandbox = record.environment.get("sandbox")
    if sandbox is not None:
        lost = [entry["name"] for entry in sandbox["guarantees"] if not entry["holds"]]
        yield "sandbox", sandbox["name"] + (f", without {', '.join(lost)}" if lost else "")
    for name in ("device", "workers", "platform", "python"):
        yield name, plain(str(record.environment.get(name, "")))


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
