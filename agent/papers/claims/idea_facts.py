"""Facts of the idea that a candidate began with: its author's words and what was looked up."""

from __future__ import annotations

from functools import cached_property

from agent.ideas import IdeaRecord, Novelty, ideas_of, is_in_code
from agent.ideas.idea import LENGTHS
from agent.ideas.novelty import Round
from agent.papers.claims.facts import Fact, Reference, Rows, UnknownReferenceError
from agent.papers.claims.measurements import Measurements
from agent.papers.claims.quoting import quotable

__all__ = ["IDEA_RATINGS", "IdeaFacts"]

IDEA_RATINGS = ("interestingness", "feasibility", "novelty")
_TEXTS = ("name", "hypothesis", "experiment", "expected_effect")
_LOOKED_UP = ("verdict", "literature", "same_as", "searches", "search")
_LONGEST, _SPARE = 400, 8


class IdeaFacts:
    """What is known of the idea; there is nothing to say where a candidate began without one.

    Args:
        book: Whose archive and candidate are asked about.
    """

    def __init__(self, book: Measurements) -> None:
        self._book = book

    @cached_property
    def record(self) -> IdeaRecord | None:
        """The idea that it is a run of, dropped ones too; None where none can be quoted."""
        candidate = self._book.candidate
        found = ideas_of(self._book.archive, candidate.campaign_id)
        return next((one for one in found if one.candidate == candidate.id and _told_of(one)), None)

    @property
    def dropped(self) -> bool:
        """Whether it was taken for known, so that the candidate was made without it."""
        return self.record is not None and self.record.fate == "known"

    @cached_property
    def failed(self) -> bool:
        """Whether no code for it was accepted, so that the candidate was made without it."""
        record = self.record
        return (
            record is not None and not self.dropped and not is_in_code(self._book.archive, record)
        )

    @property
    def continued(self) -> bool:
        """Whether the candidate goes on from an earlier run of the idea."""
        return self.record is not None and self.record.fate == "continued"

    @property
    def novelty(self) -> Novelty | None:
        """What the literature said of it; None where it was not asked."""
        return None if self.record is None else self.record.novelty

    @property
    def compared(self) -> tuple[str, ...]:
        """Titles of the publications that it was compared with, in the order of the searches."""
        rounds = () if self.novelty is None else self.novelty.rounds
        return tuple(dict.fromkeys(title for one in rounds for title in one.shown))

    def fact(self, reference: Reference, what: str, which: str = "") -> Fact:
        """What is known of the idea.

        Args:
            reference: The call.
            what: ``name``, ``hypothesis``, ``experiment`` or ``expected_effect`` in its author's
                words; ``rating``; ``verdict`` and ``literature`` for what the literature said and
                why; ``same_as`` for the title of what it was taken for; ``searches`` for how many
                there were; ``search`` for one of them.
            which: Which rating, or which search, from 1.

        Raises:
            UnknownReferenceError: There was no idea, or nothing like that is known of it.
        """
        record = self.record
        if record is None or record.idea is None:
            raise UnknownReferenceError(f"{reference.key}: it did not begin with an idea")
        if what in _TEXTS and not which:
            said = str(getattr(record.idea, what))
            # What reaches the longest that an idea may be was cut there.
            whole = said.endswith(".") or len(said) < LENGTHS[what] - _SPARE
            return self._words(reference, said, _LONGEST if whole else len(said) - 1)
        if what == "rating" and which in IDEA_RATINGS:
            rating = int(record.idea.to_json()[which])
            return self._number(reference, rating, f"{which}, as its author rates it from 1 to 10")
        novelty = record.novelty
        if novelty is not None and what in _LOOKED_UP:
            rounds = novelty.rounds
            if what == "verdict":
                return self._words(reference, novelty.verdict)
            if what == "same_as" and novelty.same_as is not None:
                return self._words(reference, novelty.same_as)
            if what == "literature":
                return self._words(reference, novelty.why)
            if what == "searches":
                return self._number(reference, len(rounds), "searches of the literature")
            if which.isdigit() and 1 <= int(which) <= len(rounds):
                return self._words(reference, _told(rounds[int(which) - 1]))
        raise UnknownReferenceError(
            f"{reference.key}: nothing like that is known of the idea; use "
            f"{', '.join((*_TEXTS, 'rating', *(_LOOKED_UP if novelty is not None else ())))}, with "
            f"one of {', '.join(IDEA_RATINGS)} for a rating and a number for a search"
        )

    def _rows(self, reference: Reference) -> tuple[Rows, ...]:
        candidate = self._book.candidate
        part = " ".join(reference.arguments)
        return (
            Rows("events", f"campaign {candidate.campaign_id}, idea of {candidate.id}, {part}"),
        )

    def _words(self, reference: Reference, text: str, most: int = _LONGEST) -> Fact:
        shown = quotable(text, most, cut=True)
        if not shown:
            raise UnknownReferenceError(f"{reference.key}: nothing is said there that can be set")
        return Fact(reference, "words", shown, shown, None, "quoted", self._rows(reference))

    def _number(self, reference: Reference, value: int, statistic: str) -> Fact:
        text = f"{value:,}"
        rows = self._rows(reference)
        return Fact(reference, "number", text, text, float(value), statistic, rows)


def _told_of(record: IdeaRecord) -> bool:
    """Whether all of an idea can be quoted; what is not in plain characters cannot be set."""
    idea = record.idea
    return idea is not None and all(
        quotable(str(getattr(idea, name)), _LONGEST, cut=True) for name in _TEXTS
    )


def _told(one: Round) -> str:
    """A search as a reader wants it: what was asked, who answered, what was compared."""
    answers = "; ".join(
        f"{name.replace('_', ' ')}: {said} match"
        if isinstance(said, int)
        else f"{name} did not answer"
        for name, said in one.answers.items()
    )
    return f"{one.query} ({answers}); compared with: {', '.join(one.shown) or 'nothing'}"
