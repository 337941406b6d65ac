"""Numbers stand beside where they were measured, and beside what they count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Fact
from agent.papers.claims.problem import Problem
from agent.papers.claims.tokens import Token

__all__ = ["misnamed", "misplaced"]

_SEARCH = "search"
_PLACES: Mapping[str, re.Pattern[str]] = {
    _SEARCH: re.compile(
        r"\bsearch seeds?\b|\bseeds? of (?:the|its|this) search\b|"
        r"\b(?:in|during|from) the search\b",
        re.IGNORECASE,
    ),
    "fresh": re.compile(r"\bfresh\b|\b(?:new|unseen) seeds?\b", re.IGNORECASE),
    "held_out": re.compile(r"\bheld[- ]?out\b|\bunseen tasks?\b", re.IGNORECASE),
}
_SAID_BY: Mapping[str, str] = {
    "search": "on the seeds of the search",
    "fresh": "on fresh seeds",
    "held_out": "on held-out tasks",
}
_SPENT = r"dollar|cost|pric|spen[dt]|paid"
_NOUNS: Mapping[str, Mapping[str, str]] = {
    "count": {
        "proposals": r"propos",
        "valid": r"valid|accepted|passed",
        "evaluated": r"evaluat|scored|measured",
        "known": r"known",
        "duplicates": r"duplicat|same|again",
        "discoveries": r"discover",
        "baselines": r"baseline",
        "controls": r"control",
        "confirmed": r"confirm",
        "search_tasks": r"task",
        "held_out_tasks": r"task",
        "search_seeds": r"seed",
        "candidate_seeds": r"seed",
        "fresh_seeds": r"seed",
        "held_out_seeds": r"seed",
        "attempts": r"attempt|tr(?:y|ies|ied)\b|answer",
    },
    "cost": {
        "calls": r"(?:calls?|completions|requests?)\b",
        "prompt_tokens": r"tokens?\b",
        "completion_tokens": r"tokens?\b",
        "usd": _SPENT,
        "time": r"time|took|lasted|hours?\b|minutes?\b|for\b",
        "work_time": r"time|took|worked|lasted|for\b",
    },
    "setting": {
        "seed": r"seed",
        "confidence": r"interval|confiden",
        "decision_confidence": r"interval|confiden",
    },
}
"""What must be said in the sentence of a number that is about nobody."""


def misplaced(paragraph: Sequence[Sequence[Token]], book: FactBook) -> Iterator[Problem]:
    """Numbers that the text puts where they were not measured.

    A number belongs to the place that is named last before it in its sentence, else first after it,
    else last in the paragraph; where none is named it is one of the search.

    Args:
        paragraph: Its sentences.
        book: Whose places there are.
    """
    last = _SEARCH
    for sentence in paragraph:
        named = [
            (order, place)
            for order, token in enumerate(sentence)
            for place in _places_in(token, book)
        ]
        for order, token in enumerate(sentence):
            place = None if token.fact is None else _place_of(token.fact, book)
            if place is None or token.fact is None:
                continue
            before = [name for at, name in named if at < order]
            after = [name for at, name in named if at > order]
            said = before[-1] if before else after[0] if after else last
            # A held-out task is called that, too, in any order.
            of_held_out = said == "held_out" and any(name == place for _, name in named)
            if said != place and not (of_held_out and place not in _PLACES):
                words = _SAID_BY.get(place) or f"on {book.places[place].words!r}"
                yield Problem(
                    "place",
                    f"{token.fact.reference.key} was measured {words}: say so in its sentence, and "
                    "name no other place between that and the number",
                )
        if named:
            last = named[-1][1]


def _place_of(fact: Fact, book: FactBook) -> str | None:
    """Where a number of somebody was measured; None for other facts."""
    if fact.kind != "number" or fact.metric is None:
        return None
    place = fact.reference.arguments[2:]
    return place[0] if place and place[0] in book.places else _SEARCH


def _places_in(token: Token, book: FactBook) -> list[str]:
    """The places that a part of a text names, in their order."""
    titles = {name: one.words for name, one in book.places.items() if name not in _PLACES}
    if token.fact is not None:
        is_title = token.fact.reference.arguments[:1] == ("task_title",)
        return [name for name, title in titles.items() if is_title and token.fact.text == title]
    if token.kind != "text":
        return []
    text = token.text
    # A metric may have such a word in its name and says nothing of a place by it.
    for metric in book.spec.metrics:
        for words in (metric.title, metric.description.rstrip(".")):
            text = re.sub(re.escape(words), lambda found: " " * len(found[0]), text, flags=re.I)
    patterns = {
        **_PLACES,
        **{name: re.compile(rf"\b{re.escape(title)}\b") for name, title in titles.items()},
    }
    found = [(one.start(), name) for name, how in patterns.items() for one in how.finditer(text)]
    return [name for _, name in sorted(found)]


def misnamed(sentence: Sequence[Token]) -> Iterator[Problem]:
    """Numbers about nobody whose sentence does not say what they are numbers of.

    Args:
        sentence: Its parts.
    """
    words = " ".join(token.text for token in sentence if token.fact is None)
    for token in sentence:
        if token.fact is None or not token.fact.reference.arguments:
            continue
        reference = token.fact.reference
        what = reference.arguments[0].removeprefix("paper_")
        noun = _NOUNS.get(reference.function, {}).get(what)
        if noun is not None and not re.search(rf"\b(?:{noun})", words, re.IGNORECASE):
            yield Problem(
                "subject",
                f"{reference.key} is the {token.fact.statistic}: its sentence must say so",
            )
