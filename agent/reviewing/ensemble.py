"""An ensemble of reviewers of one paper, their second looks, and the area chair's meta-review.

After the reviewer of The AI Scientist (Lu et al. 2024, arXiv 2408.06292): independent reviews,
reflection, a meta-review; the numbers of the result are the reviewers' means, its words and its
decision the chair's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import fmean

from agent.archive.records import PromptRecord
from agent.calling import Caller
from agent.evaluation.workers import DaemonPool
from agent.llm.contract import LanguageModel
from agent.reviewing.asking import Reader, Room, digest_of
from reviewers.paper import (
    PROMPT_NAMES,
    Blinded,
    Excerpt,
    PaperReview,
    average,
    fit_to,
    prompt_text,
)
from reviewers.paper.sections import is_references
from templates.errors import CandidateError

__all__ = [
    "Member",
    "PaperReviewing",
    "PaperVerdict",
    "ReviewPlan",
    "prompt_records",
    "setup_name",
]

_SHRINK = 0.6
_TRIES = 4
_CHAIR_TEMPERATURE = 0.3


@dataclass(frozen=True)
class ReviewPlan:
    """How a paper is reviewed.

    Args:
        reviewers: How many independent reviews.
        reflections: How often each reviewer looks at its review again.
        seed: Same seed, same questions and sampling.
        temperature: Of the reviewers; the chair's is lower.
        timeout_s: Bound of one call.
    """

    reviewers: int = 3
    reflections: int = 1
    seed: int = 0
    temperature: float = 0.75
    timeout_s: float = 1800.0


@dataclass(frozen=True)
class Member:
    """One reviewer's part.

    Args:
        model: Who it was.
        review: Its last valid form; None where it gave none.
        first: Its form before any second look, None as above.
        shortened: Sections of which it was shown parts.
        dropped: Sections that it was not shown.
        fault: Why a form is missing, or the last valid one is not the last that was asked for.
    """

    model: str
    review: PaperReview | None
    first: PaperReview | None
    shortened: tuple[str, ...]
    dropped: tuple[str, ...]
    fault: str | None = None


@dataclass(frozen=True)
class PaperVerdict:
    """What came of it.

    Args:
        review: The result: means of the reviewers' numbers, words and decision of the chair.
        members: The reviewers.
        chair: The meta-review as the chair gave it; None where there is one review, or it gave
            none.
        removed: What blinding took out.
        notes: What a reader must know.
    """

    review: PaperReview
    members: tuple[Member, ...]
    chair: PaperReview | None
    removed: dict[str, int]
    notes: tuple[str, ...]

    def by_setup(self, plan: ReviewPlan) -> dict[str, dict[str, float]]:
        """The mean numbers of each model's reviews, by the name that recordings give it."""
        models = list(dict.fromkeys(member.model for member in self.members))
        found = {}
        for model in models:
            seats = [member for member in self.members if member.model == model]
            forms = [member.review for member in seats if member.review is not None]
            if forms:
                found[setup_name(model, plan.reflections, len(seats))] = average(forms)
        return found


def setup_name(model: str, reflections: int, seats: int) -> str:
    """The name of a reviewer in recorded reviews: its model and how it was asked."""
    return f"{model}_reflect_{reflections}_ensemble_{seats}"


def prompt_records() -> tuple[PromptRecord, ...]:
    """The prompt files with their hashes, for the archive."""
    texts = {name: prompt_text(name) for name in PROMPT_NAMES}
    return tuple(
        PromptRecord(hashlib.sha256(text.encode()).hexdigest(), f"paper_review/{name}", text)
        for name, text in texts.items()
    )


class PaperReviewing:
    """Reviews papers with calls that are recorded under one campaign of an archive.

    Args:
        caller: Makes and records the calls.
        models: Who reviews; seats are given out in turn, the chair is the first.
        plan: How.
        slot: Slot of the calls in the archive.
        notify: Told in one line what happens.
    """

    def __init__(
        self,
        caller: Caller,
        models: Sequence[LanguageModel],
        plan: ReviewPlan,
        *,
        slot: int = 0,
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._caller = caller
        self._models = models
        self._plan = plan
        self._slot = slot
        self._notify = notify

    def review(self, paper: Blinded) -> PaperVerdict:
        """Review one paper.

        Args:
            paper: The paper, blinded.

        Returns:
            The result with every reviewer's part.

        Raises:
            CandidateError: No reviewer gave a valid form; all answers are in the archive.
            BudgetSpentError: There may not be enough money left.
            UserError: There is a limit on the cost, and a model's price is not known.
            InfrastructureError: A provider stayed down; repeating goes on where it stopped.
        """
        slots = sum(model.slots for model in self._models)
        pool = DaemonPool(min(slots, self._plan.reviewers), "review")
        try:
            waiting = [
                pool.submit(partial(self._member, paper, seat))
                for seat in range(self._plan.reviewers)
            ]
            try:
                members = tuple(one.result() for one in waiting)
            finally:
                for one in waiting:
                    one.cancel()
        finally:
            pool.close()
        forms = [member.review for member in members if member.review is not None]
        if not forms:
            faults = "; ".join(dict.fromkeys(member.fault or "" for member in members))
            raise CandidateError("form", f"no reviewer gave a valid review: {faults}")
        notes = list(paper.document.notes)
        notes += [
            f"reviewer {number} ({member.model}): {member.fault}"
            for number, member in enumerate(members, 1)
            if member.fault is not None
        ]
        notes += _cut_notes(members)
        chair = None
        if len(forms) > 1:
            try:
                chair = self._chair(paper, forms)
            except CandidateError as fault:
                notes.append(f"no meta-review, the words are one reviewer's: {fault.message}")
        result = _result(forms, chair)
        if result.contradicts_itself:
            notes.append(
                f"the decision is {result.decision} against a mean overall rating of "
                f"{result.scores['overall']:.1f}"
            )
        return PaperVerdict(result, members, chair, paper.removed, tuple(notes))

    def _member(self, paper: Blinded, seat: int) -> Member:
        model = self._models[seat % len(self._models)]
        limit = Room.of(model).paper_characters
        for _ in range(_TRIES):
            excerpt = fit_to(paper.document, limit)
            try:
                return self._read(excerpt, model, seat)
            except CandidateError as fault:
                if fault.kind != "prompt_too_long":
                    return Member(
                        model.name, None, None, excerpt.shortened, excerpt.dropped, fault.message
                    )
                limit = int(min(limit, len(excerpt.text)) * _SHRINK)
        return Member(model.name, None, None, (), (), "even a short excerpt is too long for it")

    def _read(self, excerpt: Excerpt, model: LanguageModel, seat: int) -> Member:
        """One review and its second looks; a second look that fails leaves the one before."""
        reader = self._reader(model, f"{seat}", excerpt.text, seat)
        text = excerpt.text.replace("</paper>", "")
        first = review = reader.fill("review.jinja", {"paper": text}, 0)
        fault = None
        self._notify(f"review {seat + 1}: overall {review.scores['overall']:g}")
        for turn in range(1, self._plan.reflections + 1):
            variables = {
                "paper": text,
                "review": _told(review, 10**6),
                "round": turn,
                "rounds": self._plan.reflections,
            }
            try:
                review = reader.fill("reflect.jinja", variables, turn)
            except CandidateError as error:
                fault = f"second look {turn} was left out: {error.message}"
                break
            self._notify(
                f"review {seat + 1}, second look {turn}: overall {review.scores['overall']:g}"
            )
        return Member(model.name, review, first, excerpt.shortened, excerpt.dropped, fault)

    def _chair(self, paper: Blinded, forms: Sequence[PaperReview]) -> PaperReview:
        model = self._models[0]
        seat = self._plan.reviewers
        limit = Room.of(model).reviews_characters // len(forms)
        told = [_told(form, limit) for form in forms]
        reader = self._reader(model, "chair", "\n".join(told), seat, _CHAIR_TEMPERATURE)
        review = reader.fill("chair.jinja", {"reviews": told}, 0)
        self._notify(f"meta-review: {review.decision}")
        return review

    def _reader(
        self,
        model: LanguageModel,
        seat: str,
        shown: str,
        number: int,
        temperature: float | None = None,
    ) -> Reader:
        plan = self._plan
        used = plan.temperature if temperature is None else temperature
        prompts = [prompt_text(name) for name in PROMPT_NAMES]
        key = digest_of([model.name, shown, asdict(plan) | {"reviewers": 0}, used, prompts])
        return Reader(
            self._caller,
            model,
            slot=self._slot,
            seat=seat,
            key=key,
            # Seats are far apart, so that no call of one has the seed of another's.
            seed=plan.seed * 100_000 + 1_000 * number,
            temperature=used,
            timeout_s=plan.timeout_s,
        )


def _result(forms: Sequence[PaperReview], chair: PaperReview | None) -> PaperReview:
    scores = average(forms)
    if chair is not None:
        return replace(chair, scores=scores)
    nearest = min(forms, key=lambda form: abs(form.scores["overall"] - scores["overall"]))
    accepts = fmean(form.decision == "Accept" for form in forms)
    return replace(nearest, scores=scores, decision="Accept" if accepts > 0.5 else "Reject")


def _told(review: PaperReview, characters: int) -> str:
    """A review as JSON in about so many characters; the longest list loses its last item first."""
    data = review.to_json()
    lists = ("strengths", "weaknesses", "questions", "limitations")
    data.update({name: list(data[name]) for name in lists})
    text = json.dumps(data, ensure_ascii=False)
    while len(text) > characters and any(len(data[name]) > 1 for name in lists):
        max((data[name] for name in lists), key=len).pop()
        text = json.dumps(data, ensure_ascii=False)
    return text


def _cut_notes(members: Sequence[Member]) -> list[str]:
    notes: dict[str, None] = {}
    for member in members:
        if member.shortened:
            notes[f"{member.model} was shown parts of: {', '.join(member.shortened)}"] = None
        # Nobody is ever shown the references: nothing to say of this paper.
        dropped = [heading for heading in member.dropped if not is_references(heading)]
        if dropped:
            notes[f"{member.model} was not shown: {', '.join(dropped)}"] = None
    return list(notes)
