"""Facts that are no metric: names, counts, costs, settings and the template's own words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cached_property

from agent.archive import CandidateRecord, ModelCallRecord
from agent.papers.claims.facts import CONFIDENCE, Fact, Reference, Rows, UnknownReferenceError
from agent.papers.claims.idea_facts import IdeaFacts
from agent.papers.claims.measurements import Measurements
from agent.papers.claims.quoting import quotable
from agent.papers.claims.rounding import percent
from agent.report.summary import Summary, summary
from agent.wording import duration, money

__all__ = ["PLAIN", "PlainFacts", "paper_role", "thought_of"]

PLAIN = ("name", "baseline", "count", "cost", "setting", "described", "idea", "review")
_THOUGHT_LENGTH = 320
_REVIEW_LENGTH = 400
_OF_PAPERS = "paper"


def paper_role(version: int, step: str) -> str:
    """The role under which the archive records a call that was made for a paper."""
    return f"{_OF_PAPERS}{version}.{step}"


class PlainFacts:
    """Answers for `agent.papers.claims.book.FactBook`.

    Args:
        book: Whose archive, campaign and candidate are asked about.
        version: Which paper of the candidate.
    """

    def __init__(self, book: Measurements, version: int) -> None:
        self._book = book
        self._version = version
        self.idea = IdeaFacts(book)
        self._functions: Mapping[str, Callable[..., Fact]] = {
            "name": self._name,
            "baseline": self._name,
            "count": self._count,
            "cost": self._cost,
            "setting": self._setting,
            "described": self._described,
            "idea": self.idea.fact,
            "review": self._review,
        }

    def function(self, name: str) -> Callable[..., Fact] | None:
        """The function of that name; None where there is none."""
        return self._functions.get(name)

    @cached_property
    def _summary(self) -> Summary:
        return summary(self._book.archive, self._book.campaign.id)

    def _name(self, reference: Reference, who: str = "candidate") -> Fact:
        name, record = self._book.who(reference, who)
        if reference.function == "baseline" and record.kind == "proposal":
            raise UnknownReferenceError(f"{reference.key}: {who!r} is no baseline")
        return Fact(
            reference,
            "name",
            record.name,
            record.name,
            None,
            "name",
            (Rows("candidates", record.id),),
            (name,),
        )

    def _count(self, reference: Reference, what: str) -> Fact:
        book, counts = self._book, self._summary.counts
        searched = book.measured(book.candidate, book.places["search"])
        confirm = book.spec.tier("confirm")
        confirmed = book.confirmation is not None
        known = {
            "proposals": counts.proposals,
            "valid": counts.valid,
            "evaluated": counts.evaluated,
            "known": counts.known,
            "duplicates": counts.duplicates,
            "discoveries": counts.discoveries,
            "baselines": sum(one.kind == "baseline" for one in book.baselines.values()),
            "controls": sum(one.kind == "control" for one in book.baselines.values()),
            "confirmed": len(self._summary.confirmations),
            "search_tasks": len(book.spec.search_tasks),
            "held_out_tasks": len(book.spec.held_out_tasks),
            "search_seeds": book.spec.tier("search").seeds,
            "candidate_seeds": None if searched is None else searched[0].seeds,
            "fresh_seeds": confirm.seeds if confirmed else None,
            "held_out_seeds": confirm.held_out_seeds if confirmed else None,
            "attempts": len(book.archive.attempts(book.candidate.id)) or 1,
        }
        if known.get(what) is None:
            raise _unknown(reference, "count", what, [k for k, v in known.items() if v is not None])
        text = f"{known[what]:,}"
        tiers = ("search_seeds", "fresh_seeds", "held_out_seeds")
        of_template = what in ("search_tasks", "held_out_tasks", *tiers)
        rows = (
            Rows("template.toml", "tiers" if what in tiers else "tasks")
            if of_template
            else Rows("evaluations", book.candidate.id)
            if what == "candidate_seeds"
            else Rows("attempts", book.candidate.id)
            if what == "attempts"
            else Rows("candidates", f"campaign {book.campaign.id}")
        )
        return Fact(
            reference,
            "number",
            text,
            text,
            float(known[what] or 0),
            f"number of {what.replace('_', ' ')}",
            (rows,),
        )

    def _cost(self, reference: Reference, what: str) -> Fact:
        book = self._book
        calls = book.archive.model_calls(book.campaign.id)
        prefix = paper_role(self._version, "")
        own = [
            call
            for call in calls
            if call.slot == book.candidate.index
            and call.role.startswith(prefix)
            and not call.role.startswith(paper_role(self._version, "latex"))
        ]
        # Ideas, comparisons with the literature and reviews of code are part of the search.
        search = [call for call in calls if not call.role.startswith(_OF_PAPERS)]
        campaign = book.campaign
        known: dict[str, tuple[str, float, str]] = {}
        if campaign.worked_s > 0:  # archives of earlier versions do not have it
            known["work_time"] = _time(campaign.worked_s)
        for label, made in (("", search), ("paper_", own)):
            known |= {
                f"{label}calls": _amount(len(made)),
                f"{label}prompt_tokens": _amount(sum(call.prompt_tokens for call in made)),
                f"{label}completion_tokens": _amount(sum(call.completion_tokens for call in made)),
                f"{label}usd": _dollars(made),
                f"{label}time": _time(sum(call.latency_s for call in made)),
            }
        if what not in known:
            raise _unknown(reference, "cost", what, list(known))
        text, exact, unit = known[what]
        of = f"calls for this paper, roles {prefix}*" if what.startswith("paper_") else "the search"
        rows = (
            Rows("campaigns", f"{campaign.id}, worked_s")
            if what == "work_time"
            else Rows("model_calls", f"campaign {campaign.id}, {of}")
        )
        statistic = f"{what.removeprefix('paper_').replace('_', ' ')}{unit}"
        return Fact(reference, "number", text, text, exact, statistic, (rows,))

    def _setting(self, reference: Reference, what: str) -> Fact:
        book = self._book
        decision = book.confirmation.gain.confidence if book.confirmation else None
        known: dict[str, tuple[str, float | str]] = {
            "seed": (str(book.campaign.seed), float(book.campaign.seed)),
            "confidence": (percent(CONFIDENCE), CONFIDENCE),
            "campaign": (book.campaign.id, book.campaign.id),
            "candidate": (book.candidate.id, book.candidate.id),
            "template": (book.spec.name, book.spec.name),
            "template_digest": (book.campaign.template_digest[:12], book.campaign.template_digest),
            "began": (f"{book.campaign.created_at:%Y-%m-%d}", str(book.campaign.created_at)),
        }
        if decision is not None:
            known["decision_confidence"] = (percent(decision), decision)
        environment = book.campaign.environment
        for key in ("device", "platform", "python"):
            if environment.get(key):
                known[key] = (str(environment[key]), str(environment[key]))
        models = environment.get("models") or book.campaign.settings.get("models") or []
        if models:
            text = ", ".join(str(model).rsplit("/", 1)[-1] for model in models)
            known["models"] = (text, text)
        if what not in known:
            raise _unknown(reference, "setting", what, list(known))
        text, exact = known[what]
        rows = Rows("campaigns", f"{book.campaign.id}, {what}")
        return Fact(reference, "number", text, text, exact, what.replace("_", " "), (rows,))

    def _thought(self, reference: Reference) -> Fact:
        candidate = self._book.candidate
        text = thought_of(candidate)
        if not text:
            raise UnknownReferenceError(f"{reference.key}: its author said nothing of it")
        rows = Rows("candidates", f"{candidate.id}, thought")
        return Fact(reference, "words", text, text, None, "quoted", (rows,))

    def _review(self, reference: Reference, who: str, part: str) -> Fact:
        """What the last review of the code by ``rules`` or ``model`` says."""
        candidate = self._book.candidate
        found = {one.reviewer: one for one in self._book.archive.reviews(candidate.id)}
        known: list[str] = [name for name in ("rules", "model") if name in found]
        if who not in known:
            raise _unknown(reference, "review by", who, known or ["nobody"])
        said = {"verdict": found[who].verdict, "text": quotable(found[who].text, _REVIEW_LENGTH)}
        if not said.get(part):
            raise _unknown(reference, f"part of the review by {who}", part, list(said))
        rows = Rows("reviews", f"{candidate.id}, {who}, {part}")
        return Fact(reference, "words", said[part], said[part], None, "quoted", (rows,))

    def _described(self, reference: Reference, kind: str, name: str = "") -> Fact:
        spec = self._book.spec
        if kind == "thought" and not name:
            return self._thought(reference)
        found = {
            "template": spec.summary if not name else None,
            "title": spec.title if not name else None,
            "metric": next((m.description for m in spec.metrics if m.name == name), None),
            "metric_title": next((m.title for m in spec.metrics if m.name == name), None),
            "task": next((t.description for t in spec.tasks if t.name == name), None),
            "task_title": next((t.title for t in spec.tasks if t.name == name), None),
            "function": next((f.description for f in spec.functions if f.name == name), None),
        }
        text = found.get(kind)
        if text is None:
            raise _unknown(reference, f"description of {kind}", name, list(found))
        where = f"{kind} {name}".strip()
        return Fact(reference, "words", text, text, None, "quoted", (Rows("template.toml", where),))


def thought_of(candidate: CandidateRecord) -> str:
    """The whole sentences at the beginning of what the author of a candidate said of it."""
    return quotable(candidate.thought, _THOUGHT_LENGTH)


def _amount(count: int) -> tuple[str, float, str]:
    return f"{count:,}", float(count), ""


def _dollars(calls: list[ModelCallRecord]) -> tuple[str, float, str]:
    total = sum(call.cost_usd for call in calls)
    return money(total), float(total), ", US dollars"


def _time(seconds: float) -> tuple[str, float, str]:
    return duration(seconds), float(seconds), ", shown from seconds"


def _unknown(reference: Reference, kind: str, name: str, known: list[str]) -> UnknownReferenceError:
    near = difflib.get_close_matches(name, known, n=3) or known
    return UnknownReferenceError(
        f"{reference.key}: there is no {kind} {name!r}; use {', '.join(near)}"
    )
