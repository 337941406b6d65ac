"""Everything the archive has on one candidate, as data and as a page for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from agent.cli.output import plain, shorten
from agent.cli.tables import facts_table, plain_table
from agent.evaluation.racing import summarize
from agent.evaluation.seeds import jobs_of
from agent.wording import interval, number, outcome

if TYPE_CHECKING:
    from agent.archive import Archive, CandidateRecord, EvaluationRecord
    from agent.papers.stages import PaperVersion
    from templates.contract import TemplateSpec

__all__ = ["candidate_object", "candidate_page"]


def candidate_object(archive: Archive, candidate: CandidateRecord) -> dict[str, Any]:
    """The candidate with its parents, attempts, evaluations and reviews, for a machine."""
    from agent.cli.output import jsonable

    described: dict[str, Any] = jsonable(candidate)
    described["attempts"] = jsonable(archive.attempts(candidate.id))
    described["evaluations"] = jsonable(archive.evaluations(candidate.id))
    described["reviews"] = jsonable(archive.reviews(candidate.id))
    described["papers"] = jsonable(_papers(archive, candidate))
    described["children"] = [child.id for child in archive.children(candidate.id)]
    return described


def candidate_page(
    archive: Archive, candidate: CandidateRecord, spec: TemplateSpec
) -> Iterator[RenderableType]:
    """The parts of the page, in order."""
    yield Text(f"{plain(candidate.name)}  {candidate.id}", style="bold")
    yield facts_table(_facts(archive, candidate, spec))
    if candidate.thought:
        yield from _section("Thought", Text(plain(candidate.thought)))
    yield from _section("Code", _code(candidate.code))
    if candidate.closed_form:
        yield from _section("Closed form (LaTeX)", Text(plain(candidate.closed_form)))
    seed = archive.campaign(candidate.campaign_id).seed
    measured = _by_tier_and_task(archive.evaluations(candidate.id), spec, seed)
    if measured:
        yield from _section("Scores by tier and task", _scores(measured, spec))
    yield from _attempts(archive, candidate)
    for review in archive.reviews(candidate.id):
        score = "" if review.score is None else f", score {review.score:g}"
        yield from _section(
            f"Review by {plain(review.reviewer)}: {plain(review.verdict)}{score}",
            Text(plain(review.text)),
        )


def _papers(archive: Archive, candidate: CandidateRecord) -> list[PaperVersion]:
    if candidate.kind not in ("proposal", "user"):
        return []
    from agent.papers.stages import versions

    return versions(archive, candidate)


def _paper(one: PaperVersion) -> str:
    """For example ``version 2, a revision of 1: done, reviewed 5 of 10, Reject``."""
    of = "" if one.revises is None else f", a revision of {one.revises}"
    rated = "" if one.overall is None else f", reviewed {one.overall:g} of 10, {one.decision}"
    return f"version {one.version}{of}: {one.status}{rated}"


def _section(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", style="bold underline")
    yield Padding(body, (0, 0, 0, 2), expand=False)


def _facts(
    archive: Archive, candidate: CandidateRecord, spec: TemplateSpec
) -> Iterator[tuple[str, str | Text]]:
    yield "campaign", candidate.campaign_id
    yield "kind", candidate.kind + ("" if candidate.model is None else f", by {candidate.model}")
    state = candidate.stage + ("" if candidate.terminal else ", not finished")
    yield "stage", state + ("" if candidate.outcome is None else f", {outcome(candidate.outcome)}")
    if candidate.is_discovery:
        yield "discovery", Text("yes: beats the baselines on fresh seeds and held-out tasks")
    score = interval(candidate.score, candidate.score_low, candidate.score_high)
    if candidate.score is not None:
        yield "score", f"{score} {spec.primary.unit}".rstrip() + f"  ({spec.primary.title})"
    yield "known as", candidate.known_as or ""
    yield "duplicate of", candidate.duplicate_of or ""
    yield "flags", ", ".join(candidate.flags)
    yield "error", _error(candidate.error_kind, candidate.error_message)
    parents = [archive.candidate(identifier) for identifier in candidate.parents]
    yield "parents", ", ".join(f"{shorten(parent.name, 40)} ({parent.id})" for parent in parents)
    yield "papers", "; ".join(map(_paper, _papers(archive, candidate)))
    yield "program", (candidate.program_digest or "")[:16]
    yield "sandbox", "; ".join(_sandboxes(archive.evaluations(candidate.id)))


def _sandboxes(evaluations: Sequence[EvaluationRecord]) -> Iterator[str]:
    """Where each result was measured, and which guarantees did not hold there."""
    places = Counter(map(_place, evaluations))
    for place, count in places.most_common():
        yield place if len(places) == 1 else f"{place} ({count} of {len(evaluations)} results)"


def _place(evaluation: EvaluationRecord) -> str:
    if evaluation.guarantees is None:
        return f"{evaluation.sandbox}, guarantees not recorded"
    lost = [name for name, holds in sorted(evaluation.guarantees.items()) if not holds]
    held = f"without {', '.join(lost)}" if lost else "every guarantee held"
    return f"{evaluation.sandbox}, {held}"


def _code(code: str) -> Syntax:
    return Syntax(plain(code).rstrip(), "python", theme="ansi_dark", word_wrap=True)


def _scores(
    measured: Sequence[tuple[str, str, list[EvaluationRecord]]], spec: TemplateSpec
) -> Table:
    others = [metric for metric in spec.metrics if not metric.primary]
    table = plain_table(
        "tier",
        "task",
        "seeds",
        spec.primary.title,
        *(metric.title for metric in others),
        "failed",
        right=("seeds",),
    )
    for tier, task, records in measured:
        failed = [record for record in records if record.failed is not None]
        table.add_row(
            tier,
            task + (" (held out)" if task in spec.held_out_tasks else ""),
            str(len(records)),
            _estimate([record.primary for record in records]),
            *(_mean(records, metric.name) for metric in others),
            f"{len(failed)}: {shorten(failed[0].failed or '', 40)}" if failed else "",
        )
    return table


def _by_tier_and_task(
    evaluations: Sequence[EvaluationRecord], spec: TemplateSpec, campaign_seed: int
) -> list[tuple[str, str, list[EvaluationRecord]]]:
    """Evaluations under the furthest tier that they complete; fresh seeds stay by themselves."""
    found: list[tuple[str, str, list[EvaluationRecord]]] = []
    shown: set[tuple[str, str]] = set()
    for tier in reversed(spec.tiers):
        wanted = jobs_of(spec, tier, campaign_seed)
        have = {(e.task, e.seed): e for e in evaluations if e.effort == tier.effort}
        if (tier.effort, tier.seed_block) in shown or not any(job in have for job in wanted):
            continue
        if tier.seed_block == "search" and not all(job in have for job in wanted):
            continue
        shown.add((tier.effort, tier.seed_block))
        groups = (
            (task.name, [have[job] for job in wanted if job[0] == task.name and job in have])
            for task in spec.tasks
        )
        found[:0] = [(tier.name, task, records) for task, records in groups if records]
    return found


def _estimate(values: Sequence[float]) -> str:
    """The mean by which a campaign ranks, with its interval."""
    if len(values) < 2:
        return number(values[0])
    found = summarize({("", seed): value for seed, value in enumerate(values)})
    return interval(found.value, found.low, found.high)


def _mean(records: list[EvaluationRecord], metric: str) -> str:
    values = [record.metrics[metric] for record in records if metric in record.metrics]
    return number(sum(values) / len(values)) if values else "-"


def _attempts(archive: Archive, candidate: CandidateRecord) -> Iterator[RenderableType]:
    attempts = archive.attempts(candidate.id)
    if len(attempts) < 2 and not any(attempt.error_kind for attempt in attempts):
        return
    table = plain_table("attempt", "lines", "what came of it", right=("attempt", "lines"))
    for attempt in attempts:
        came = _error(attempt.error_kind, attempt.error_message) or "accepted"
        table.add_row(str(attempt.attempt), str(len(attempt.code.splitlines())), came)
    yield from _section("Attempts", table)


def _error(kind: str | None, message: str | None) -> str:
    return ": ".join(plain(part) for part in (kind, message) if part)
