"""Revises a reviewed paper: measures what can be measured, writes anew, has it reviewed again.

Both versions stay, each with its review. What is measured goes into the archive first, so that the
new version can show it; words are written under the same rules as before.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from agent.archive import Archive, CandidateRecord, PromptRecord
from agent.calling import Caller
from agent.campaign.extending import Measure, extend, measures_left
from agent.llm import open_model
from agent.llm.contract import CompletionRequest, LanguageModel, Message, is_small
from agent.loading import template_of
from agent.papers.claims.plain_facts import paper_role
from agent.papers.paper import Paper, PaperResult
from agent.papers.sections import SECTIONS
from agent.papers.stages import PaperReviewer, StageStore, paper_cost
from agent.stopping import StopRequestedError
from templates.errors import CandidateError, UserError

__all__ = ["Improvement", "Improving"]

_PROMPT = "improve.jinja"
_CALL_TRIES = 6
_MAX_TOKENS = 500
_TIMEOUT_S = 600.0
_TEMPERATURE = 0.3
_ADVICE_LENGTH = 200
_WORDS: Mapping[Measure, str] = {
    "fresh_seeds": "measure it on fresh seeds and held-out tasks, beside the best baselines",
    "missing_baselines": "measure every baseline on the fresh seeds, not only the best ones",
    "ablation": "measure what it depends on, with parts of what it is told taken away",
}


@dataclass(frozen=True)
class Improvement:
    """What came of a revision.

    Args:
        revises: Number of the version before.
        measures: What was measured for it.
        before: Overall rating of the version before, 1 to 10; None where it has none.
        after: That of the new version.
        result: The new version.
    """

    revises: int
    measures: tuple[str, ...]
    before: float | None
    after: float | None
    result: PaperResult


class Improving:
    """One revision of a candidate's latest finished paper, or the rest of one that was begun.

    Args:
        archive: The archive.
        candidate: Whom the paper is about.
        home: Where output lies.
        budget_usd: Limit on what the paper may cost, from its first version to this one.
        reviewer: Reviews it as the one before.
        notify: Told in one line what is being done.

    Raises:
        UserError: There is no paper with a review.
    """

    def __init__(
        self,
        archive: Archive,
        candidate: CandidateRecord,
        *,
        home: Path,
        budget_usd: float | None,
        reviewer: PaperReviewer,
        notify: Callable[[str], None],
    ) -> None:
        self._archive = archive
        self._candidate = candidate
        self._home = home
        self._budget_usd = budget_usd
        self._reviewer = reviewer
        self._notify = notify
        self._stopping = threading.Event()
        self._paper: Paper | None = None
        latest = StageStore.latest(archive, candidate)
        kept = StageStore(archive, candidate, latest).load() if latest else {}
        begun = kept.get("begin", {}).get("revises")
        unfinished = begun is not None and "review" not in kept
        self._revises = int(begun) if unfinished and begun is not None else latest
        self._store = StageStore(archive, candidate, self._revises + 1)
        if latest and unfinished:
            self._store = StageStore(archive, candidate, latest)
        before = StageStore(archive, candidate, self._revises).load() if latest else {}
        if not before.get("review", {}).get("review"):
            raise UserError(
                f"{candidate.id} has no reviewed paper to improve: have it reviewed first, with "
                f"discover paper {candidate.id} --reviewers 1"
            )
        self._before = before

    def request_stop(self, reason: str = "asked to stop") -> None:
        """Keep what is done and leave `run` soon; may be called from any thread or handler."""
        self._stopping.set()
        if self._paper is not None:
            self._paper.request_stop(reason)

    def run(self) -> Improvement:
        """Plan, measure, write, review; each is kept, and nothing is done or paid for twice.

        Raises:
            StopRequestedError: Somebody asked for it; what was done is in the archive.
            BudgetSpentError: The next call might cost more than is left.
            UserError: The model, the sandbox or LaTeX cannot be had.
            InfrastructureError: A provider or the sandbox stayed down.
        """
        model = str(self._before["begin"]["model"])
        kept = self._store.load()
        if "begin" not in kept:
            self._store.keep("begin", {"model": model, "revises": self._revises})
        if "plan" not in kept:
            self._notify(f"planning a revision of version {self._revises}")
            self._store.keep("plan", self._plan(model))
            kept = self._store.load()
        plan = kept["plan"]
        if plan["measures"] and "measured" not in kept:
            try:
                extend(
                    self._archive,
                    self._candidate,
                    plan["measures"],
                    stopping=self._stopping,
                    notify=self._notify,
                )
                self._store.keep("measured", {"fault": None})
            except CandidateError as error:
                self._notify(f"not measured: {error}")
                self._store.keep("measured", {"fault": str(error)})
        if self._stopping.is_set():
            raise StopRequestedError
        self._paper = Paper(
            self._archive,
            self._archive.candidate(self._candidate.id),
            model=None,
            home=self._home,
            budget_usd=self._budget_usd,
            notify=self._notify,
            reviewer=self._reviewer,
        )
        result = self._paper.run()
        return Improvement(
            self._revises,
            tuple(plan["measures"]),
            _overall(self._before["review"]),
            _overall(result.review),
            result,
        )

    def _plan(self, model_name: str) -> dict[str, Any]:
        """What to measure and what to say better, as a model reads the review."""
        spec = template_of(self._archive.campaign(self._candidate.campaign_id)).spec
        left = measures_left(self._archive, self._candidate, spec)
        names = [section.name for section in SECTIONS]
        review = self._before["review"]["review"]
        text = resources.files("agent.papers").joinpath("prompts", _PROMPT).read_text("utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._archive.add_prompt(PromptRecord(digest, f"papers/{_PROMPT}", text))
        prompt = _ENVIRONMENT.from_string(text).render(
            candidate=self._candidate.name,
            weaknesses=list(review.get("weaknesses") or ())[:6],
            questions=list(review.get("questions") or ())[:4],
            measures={name: _WORDS[name] for name in left},
            sections=names,
        )
        advice = {
            "type": "object",
            "properties": {
                "section": {"enum": names},
                "change": {"type": "string", "maxLength": _ADVICE_LENGTH},
            },
            "required": ["section", "change"],
            "additionalProperties": False,
        }
        properties: dict[str, Any] = {
            "advice": {"type": "array", "items": advice, "minItems": 1, "maxItems": 3}
        }
        if left:
            items = {"enum": list(left)}
            properties["measures"] = {"type": "array", "items": items, "maxItems": len(left)}
        request = CompletionRequest(
            (Message("user", re.sub(r"\n{3,}", "\n\n", prompt).strip()),),
            {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            },
            temperature=_TEMPERATURE,
            max_tokens=_MAX_TOKENS,
            seed=(self._archive.campaign(self._candidate.campaign_id).seed + 1) * 1009
            + self._store.version,
            timeout_s=_TIMEOUT_S,
        )
        model = open_model(model_name, slots=1)
        try:
            plan = _parse(self._ask(model, request), left)
        except CandidateError as error:
            self._notify(f"no plan: {error}; the reviewers' words go to the writer as they are")
            plan = {"measures": [], "advice": {}, "fault": str(error)}
        finally:
            model.close()
        if is_small(model) and not plan["measures"]:
            # It chooses among prepared sentences, so without new numbers nothing new is said.
            plan["measures"] = left[:1]
        return plan

    def _ask(self, model: LanguageModel, request: CompletionRequest) -> str:
        campaign = self._candidate.campaign_id
        limit = None
        if self._budget_usd is not None:
            spent = paper_cost(self._archive, self._candidate, self._store.version)
            limit = self._archive.cost(campaign) + max(0.0, self._budget_usd - spent)
        caller = Caller(
            self._archive,
            campaign,
            budget_usd=limit,
            tries=_CALL_TRIES,
            wait=self._wait,
            notify=self._notify,
        )
        call = caller.call(
            model,
            request,
            slot=self._candidate.index,
            attempt=0,
            role=paper_role(self._store.version, "plan"),
        )
        return call.completion or ""

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StopRequestedError


def _parse(text: str, left: list[Measure]) -> dict[str, Any]:
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise CandidateError("plan", f"the plan is no JSON: {error}") from error
    advice = found.get("advice") if isinstance(found, dict) else None
    if not isinstance(advice, list):
        raise CandidateError("plan", "the plan has no advice")
    names = {section.name for section in SECTIONS}
    changes: dict[str, str] = {}
    for one in advice:
        if not isinstance(one, dict) or one.get("section") not in names:
            raise CandidateError("plan", "the plan's advice is about no section")
        said = " ".join(str(one.get("change") or "").split())[:_ADVICE_LENGTH]
        changes.setdefault(one["section"], said)
    wanted = found.get("measures") or []
    measures = [name for name in left if isinstance(wanted, list) and name in wanted]
    return {"measures": measures, "advice": changes, "fault": None}


def _overall(review: Mapping[str, Any] | None) -> float | None:
    said = (review or {}).get("review") or {}
    value = said.get("overall")
    return None if value is None else float(value)


_ENVIRONMENT = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
