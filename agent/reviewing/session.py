"""A review outside any campaign: a record of its own, so that nothing is asked or paid for twice.

Such reviews lie in ``reviews.db`` beside the archive, a database of the same form, one campaign of
the template ``review`` each. They are kept apart so that ``latest`` goes on meaning what was
searched for, and not what was read. The same file with the same models and plan is the same review:
doing it again, after an error or for the result, makes only the calls that were never answered.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.archive import Archive, CampaignRecord, EventRecord
from agent.calling import BudgetSpentError, Caller
from agent.llm import LanguageModel, open_model
from agent.llm.registry import is_local
from agent.reviewing.asking import digest_of
from agent.reviewing.ensemble import PaperReviewing, PaperVerdict, ReviewPlan, prompt_records
from agent.stopping import StopRequestedError
from reviewers.paper import Document, blind, read_paper
from templates.errors import UserError

__all__ = ["ReviewSession", "review_file"]

_TEMPLATE = "review"
_CALL_TRIES = 4


@dataclass(frozen=True)
class ReviewSession:
    """A finished review with where it is kept.

    Args:
        id: Its identifier in the archive of reviews.
        archive: Where that is.
        document: The paper as it was read, before blinding.
        sha256: Digest of the file.
        verdict: The result.
        plan: How it was made.
        calls: Model calls, repeated ones included.
        cost_usd: What they cost.
    """

    id: str
    archive: Path
    document: Document
    sha256: str
    verdict: PaperVerdict
    plan: ReviewPlan
    calls: int
    cost_usd: float


def review_file(
    path: Path,
    models: Sequence[str],
    plan: ReviewPlan,
    *,
    home: Path,
    budget_usd: float | None = None,
    notify: Callable[[str], None] = lambda line: None,
) -> ReviewSession:
    """Review a file.

    Args:
        path: PDF, LaTeX or text.
        models: Names of models, as for `agent.llm.open_model`.
        plan: How to review.
        home: Folder of ``reviews.db``.
        budget_usd: Limit on the cost, None for none.
        notify: Told in one line what happens.

    Raises:
        UserError: The file or a model cannot be used, the budget is spent, or another process does
            this review now.
        CandidateError: No reviewer gave a valid form; all answers are kept.
        InfrastructureError: A provider stayed down; the same command goes on where it stopped.
    """
    document = read_paper(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    settings: dict[str, Any] = {
        "file": path.name,
        "sha256": sha256,
        "models": list(models),
        "plan": asdict(plan),
    }
    # The name of a file may change; what it says decides.
    key = digest_of({**settings, "file": ""})
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(home / "reviews.db"))
        record = _record(archive, key, settings, plan.seed)
        stack.enter_context(archive.lease(record.id))
        opened: list[LanguageModel] = []
        for name in dict.fromkeys(models):
            # One slot reads the paper once, for every seat and second look; and a local model that
            # does one thing at a time says the same when it is asked again.
            opened.append(open_model(name, slots=1 if is_local(name) else None))
            stack.callback(opened[-1].close)
        stopping = threading.Event()
        # Left last in first: who still waits for a model is told before the model is closed.
        stack.callback(stopping.set)

        def wait(seconds: float) -> None:
            if stopping.wait(seconds):
                raise StopRequestedError

        caller = Caller(
            archive,
            record.id,
            budget_usd=budget_usd,
            tries=_CALL_TRIES,
            wait=wait,
            notify=notify,
        )
        for prompt in prompt_records():
            archive.add_prompt(prompt)
        archive.set_campaign_status(record.id, "running")
        status = "stopped"
        try:
            verdict = PaperReviewing(caller, opened, plan, notify=notify).review(blind(document))
            status = "done"
        except BudgetSpentError as error:
            raise UserError(
                f"{error}; what was answered is kept: repeat the command with a larger --budget"
            ) from error
        finally:
            now = datetime.now(UTC)
            archive.set_campaign_status(
                record.id,
                "done" if status == "done" else "stopped",
                finished_at=now if status == "done" else None,
                stop_reason="the review is complete" if status == "done" else "interrupted",
            )
        if not archive.events(record.id, kinds=["reviewed"]):
            archive.add_event(EventRecord(record.id, now, "reviewed", verdict.review.to_json()))
        usage = archive.usage(record.id)
        return ReviewSession(
            id=record.id,
            archive=home / "reviews.db",
            document=document,
            sha256=sha256,
            verdict=verdict,
            plan=plan,
            calls=usage.calls,
            cost_usd=usage.cost_usd,
        )


def _record(archive: Archive, key: str, settings: dict[str, Any], seed: int) -> CampaignRecord:
    """The review that was begun before with the same question, or a new one."""
    for record in archive.campaigns():
        if record.template_digest == key:
            return record
    now = datetime.now(UTC)
    return archive.create_campaign(
        CampaignRecord(
            id=archive.new_campaign_id(_TEMPLATE, now, seed),
            template=_TEMPLATE,
            template_digest=key,
            seed=seed,
            settings=settings,
            status="stopped",
            created_at=now,
        )
    )
