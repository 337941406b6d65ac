"""Is an idea new? Searches, and a model that compares; what was not answered stays unknown."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from agent.ideas.idea import Idea
from agent.literature import Catalogue, Found, Publication
from templates.errors import CandidateError

__all__ = ["Judge", "Novelty", "NoveltyCheck", "Round", "judgement_schema"]

Verdict: TypeAlias = Literal["novel", "known", "unknown"]

_SHOWN_OF_EACH = 3
_QUERY_LENGTH = 80
_WHY_LENGTH = 200
_TITLE_LENGTH = 120
# How models say that they need no other search, where they do not leave it empty.
_NO_QUERY = ("none", "no", "n/a", "null")

Judge: TypeAlias = Callable[[Idea, str, Sequence[Publication], int], str]
"""Asks a model to compare: idea, query, publications and number of the round give its answer."""


@dataclass(frozen=True)
class Round:
    """One search.

    Args:
        query: What was asked.
        answers: By catalogue: how many publications match, or why it did not answer.
        shown: Titles of the publications that the model compared with.
    """

    query: str
    answers: Mapping[str, int | str]
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Novelty:
    """What the literature says of an idea.

    Args:
        verdict: ``known``: a publication has it, as a model judges, in whichever order it saw the
            publications; ``novel``: catalogues of the whole field answered every search, and
            nothing in them was taken for it; ``unknown``: all else.
        why: In one sentence.
        same_as: Title of the publication that has it.
        rounds: The searches.
    """

    verdict: Verdict
    why: str
    same_as: str | None
    rounds: tuple[Round, ...]

    def to_json(self) -> dict[str, Any]:
        """For the archive."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Novelty:
        """From the archive."""
        rounds = (
            Round(one["query"], dict(one["answers"]), tuple(one["shown"])) for one in data["rounds"]
        )
        return cls(data["verdict"], data["why"], data["same_as"], tuple(rounds))


class NoveltyCheck:
    """Compares ideas with publications.

    Models prefer an answer for its place in the list (Zheng et al., "Large Language Models Are Not
    Robust Multiple Choice Selectors", ICLR 2024). So a publication that one takes for the idea
    is shown again with all of them at other places, and the idea is known only if the model
    names the same one twice.

    Args:
        catalogues: Who is asked, all of them in each round.
        judge: Asks the model.
        rounds: Most searches for one idea.
    """

    def __init__(self, catalogues: Sequence[Catalogue], judge: Judge, rounds: int) -> None:
        self._catalogues = catalogues
        self._judge = judge
        self._rounds = rounds

    def check(self, idea: Idea, subject: str) -> Novelty:
        """Search and compare until something is the idea, or there is nothing left to ask.

        Args:
            idea: The idea.
            subject: What it is about, for the first search.

        Raises:
            BudgetSpentError: There may not be enough money left for the model.
            InfrastructureError: The model's provider stayed down; a catalogue's never raises.
        """
        rounds: list[Round] = []
        silent: dict[str, str] = {}
        seen_in_complete = 0
        doubtful: Publication | None = None
        query = f"{idea.name.replace('_', ' ')} {subject}"[:_QUERY_LENGTH]
        for number in range(self._rounds):
            results = [one.search(query, _SHOWN_OF_EACH) for one in self._catalogues]
            answers: dict[str, int | str] = {}
            publications: dict[str, Publication] = {}
            for catalogue, result in zip(self._catalogues, results, strict=True):
                if isinstance(result, Found):
                    answers[catalogue.name] = result.total
                    for one in result.publications:
                        publications.setdefault(_same(one), one)
                    if catalogue.complete:
                        seen_in_complete += len(result.publications)
                else:
                    answers[catalogue.name] = silent[catalogue.name] = result.reason
            shown = list(publications.values())
            rounds.append(Round(query, answers, tuple(one.title for one in shown)))
            if not shown:
                break
            try:
                said = _parse(self._judge(idea, query, shown, number), shown)
                if said.same_as is not None and self._names_again(
                    said.same_as, idea, query, shown, number
                ):
                    return Novelty("known", said.why, said.same_as.title, tuple(rounds))
            except CandidateError as error:
                why = f"the model gave no judgement: {error.message}"
                return Novelty("unknown", why[:_WHY_LENGTH], None, tuple(rounds))
            doubtful = doubtful or said.same_as
            asked = {one.query.lower() for one in rounds}
            if not said.next_query or said.next_query.lower() in asked:
                break
            query = said.next_query
        if doubtful is not None:
            taken_for = textwrap.shorten(doubtful.title, _TITLE_LENGTH, placeholder="...")
            why = f"shown in two orders, it was in one of them only taken for {taken_for}."
            return Novelty("unknown", why, None, tuple(rounds))
        return self._unmatched(rounds, silent, seen_in_complete)

    def _names_again(
        self,
        named: Publication,
        idea: Idea,
        query: str,
        shown: Sequence[Publication],
        number: int,
    ) -> bool:
        """Whether the model takes the same publication for the idea wherever it stands."""
        if len(shown) == 1:
            return True
        # Unlike a reversal, a rotation leaves nothing in its place.
        half = len(shown) // 2
        turned = [*shown[half:], *shown[:half]]
        return _parse(self._judge(idea, query, turned, number), turned).same_as is named

    def _unmatched(
        self, rounds: Sequence[Round], silent: Mapping[str, str], seen_in_complete: int
    ) -> Novelty:
        """Nothing that was seen is the idea: novel only where that says something."""
        if silent:
            why = "; ".join(f"{name} did not answer: {reason}" for name, reason in silent.items())
        elif not any(one.complete for one in self._catalogues):
            why = "only the local library was asked, and nothing in it is this idea"
        elif not seen_in_complete:
            why = "the searches found nothing at all, which says more about them than of the idea"
        else:
            why = f"nothing that {len(rounds)} searches found is this idea"
            return Novelty("novel", why, None, tuple(rounds))
        return Novelty("unknown", why[:_WHY_LENGTH], None, tuple(rounds))


@dataclass(frozen=True)
class _Judgement:
    why: str
    same_as: Publication | None
    next_query: str


def judgement_schema(count: int) -> dict[str, Any]:
    """The JSON schema of a comparison with so many publications."""
    return {
        "type": "object",
        "properties": {
            "why": {"type": "string", "maxLength": _WHY_LENGTH},
            "same_as": {"enum": ["none", *(str(number) for number in range(1, count + 1))]},
            "next_query": {"type": "string", "maxLength": _QUERY_LENGTH},
        },
        "required": ["why", "same_as", "next_query"],
        "additionalProperties": False,
    }


def _parse(text: str, shown: Sequence[Publication]) -> _Judgement:
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise CandidateError("novelty", f"no JSON: {error}") from error
    which = str(found.get("same_as")) if isinstance(found, dict) else ""
    if which != "none" and not (which.isdigit() and 1 <= int(which) <= len(shown)):
        raise CandidateError("novelty", f"same_as is {which!r} and none of the publications")
    query = " ".join(str(found.get("next_query") or "").split())[:_QUERY_LENGTH]
    return _Judgement(
        " ".join(str(found.get("why") or "").split())[:_WHY_LENGTH],
        None if which == "none" else shown[int(which) - 1],
        "" if query.lower() in _NO_QUERY else query,
    )


def _same(one: Publication) -> str:
    """Two catalogues' entries of a publication have this in common."""
    return one.arxiv or "".join(filter(str.isalnum, one.title.lower()))
