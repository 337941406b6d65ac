"""The sections of a paper: what each is for, what it may refer to and how it reads by default."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agent.papers.claims.bibliography import Library
from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Reference, UnknownReferenceError
from agent.papers.claims.ledger import Ledger

__all__ = [
    "SECTIONS",
    "Section",
    "context_of",
    "menu_of",
    "others_of",
    "reference_of_kind",
    "tidy",
]


@dataclass(frozen=True)
class Section:
    """One section.

    Args:
        name: As stages and files call it.
        heading: Its heading.
        purpose: What the model is asked to do in it.
        groups: Which references the model is offered.
        sentences: About how many it should have.
    """

    name: str
    heading: str
    purpose: str
    groups: tuple[str, ...]
    sentences: str


SECTIONS: tuple[Section, ...] = (
    Section(
        "introduction",
        "Introduction",
        "Say what question the paper asks, why it matters and what was done.",
        ("names", "idea", "counts", "task", "cite"),
        "five to eight",
    ),
    Section(
        "related_work",
        "Related work",
        "Say what the cited work did and how this paper differs. State no result.",
        ("names", "idea", "cite"),
        "four to seven",
    ),
    Section(
        "method",
        "Method",
        "Explain how the candidate works, from its closed form, and how it was made. State no "
        "result.",
        ("names", "idea", "function", "cite"),
        "four to seven",
    ),
    Section(
        "experiments",
        "Experiments",
        "Say how candidates are scored and compared: tasks, metric, seeds, baselines, the "
        "rule for a discovery. State no result.",
        ("names", "counts", "task", "settings", "tables", "cite"),
        "five to eight",
    ),
    Section(
        "results",
        "Results",
        "State what was measured, also where it is against the candidate, and what it means.",
        ("names", "idea", "values", "differences", "figures", "tables"),
        "six to ten",
    ),
    Section(
        "limitations",
        "Limitations",
        "Say what the measurements cannot tell, honestly and concretely.",
        ("names", "reviews", "counts"),
        "four to seven",
    ),
    Section(
        "conclusion",
        "Conclusion",
        "Say in short what was found and what should be tried next.",
        ("names", "values", "differences"),
        "two to four",
    ),
    Section(
        "abstract",
        "Abstract",
        "Sum up question, method, main result with its interval, and the limits, in one paragraph.",
        ("names", "idea", "counts", "task", "values", "differences"),
        "four to six",
    ),
)
"""In the order of writing: the abstract knows the rest."""

_COUNTS = (
    "proposals",
    "evaluated",
    "baselines",
    "controls",
    "search_seeds",
    "fresh_seeds",
    "held_out_seeds",
    "held_out_tasks",
)
_MOST_BASELINES = 5


def tidy(text: str) -> str:
    """Paragraphs of single-spaced text, one blank line between them."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(part for part in paragraphs if part)


def menu_of(section: Section, ledger: Ledger, names: Mapping[str, str]) -> dict[str, str]:
    """What the model may refer to in a section: expression, and what it shows.

    Args:
        section: Which one.
        ledger: What there is.
        names: Captions of figures and tables by key.
    """
    book = ledger.book
    menu: dict[str, str] = {}
    for group in section.groups:
        for function, *arguments in _group(group, ledger):
            reference = Reference(function, tuple(arguments))
            expression = f"{{{{ {reference.key} }}}}"
            if function in ("cite", "figure", "table"):
                key = arguments[0]
                words = ledger.library.entries[key].words if function == "cite" else names[key]
                menu[expression] = words
                continue
            try:
                fact = book.fact(reference)
            except UnknownReferenceError:
                continue  # not measured, so not offered
            menu[expression] = f"{fact.text} ({fact.statistic})"
    return menu


def _group(group: str, ledger: Ledger) -> list[tuple[str, ...]]:
    book = ledger.book
    metric = book.spec.primary.name
    others = others_of(book)
    measured = [place for place in ("search", "fresh", "held_out") if place in book.places]
    groups: dict[str, list[tuple[str, ...]]] = {
        "names": [("name", "candidate"), *(("name", other) for other in others)],
        "counts": [("count", what) for what in _COUNTS],
        "task": [
            ("described", "title"),
            ("described", "template"),
            ("described", "metric", metric),
        ],
        "idea": [
            *(("idea", part) for part in ("hypothesis", "experiment", "expected_effect")),
            *(("idea", part) for part in ("verdict", "literature")),
        ],
        "reviews": [("review", who, "text") for who in ("rules", "model")],
        "function": [("described", "function", one.name) for one in book.spec.functions],
        "settings": [("setting", "confidence"), ("setting", "decision_confidence")],
        "values": [
            (function, who, metric, place)
            for place in measured
            for who in ("candidate", *others[:1])
            for function in ("value", "interval")
        ],
        "differences": [
            (function, "candidate", other, place)
            for place in measured
            for other in (others if place == "search" else others[:2])
            for function in ("difference", "difference_interval")
        ],
        "cite": [("cite", key) for key in _sorted(ledger.citable, ledger)],
        "figures": [("figure", key) for key in sorted(ledger.figures)],
        "tables": [("table", key) for key in sorted(ledger.tables)],
    }
    return groups[group]


def _sorted(keys: Collection[str], ledger: Ledger) -> list[str]:
    return [key for key in ledger.library.entries if key in keys]


def others_of(book: FactBook) -> list[str]:
    """Baselines that the text is likely to name, the best one first."""
    first = [] if book.best is None else [book.best.name]
    if book.confirmation is not None:
        first += [book.confirmation.gain_over, book.confirmation.held_out_over or ""]
    ranked = sorted(
        (
            one
            for one in book.baselines.values()
            if one.kind == "baseline" and one.score is not None
        ),
        key=lambda one: (-book.spec.primary.direction.sign * (one.score or 0.0), one.name),
    )
    names = dict.fromkeys([*filter(None, first), *(one.name for one in ranked)])
    return list(names)[:_MOST_BASELINES]


def reference_of_kind(reference: Reference, library: Library) -> str:
    """What a citation or a pointer looks like in words, for a prompt."""
    key = reference.arguments[0]
    if reference.function == "cite":
        entry = library.entries[key]
        return f"[{entry.authors[0]} {entry.year}]"
    return f"the {reference.function} of {key}"


def context_of(book: FactBook) -> dict[str, Any]:
    """What every prompt says of the candidate."""
    return {
        "candidate": book.candidate.name,
        "title": book.spec.title,
        "metric": book.spec.primary.name,
        "is_discovery": book.candidate.is_discovery,
        "leads": book.leads,
        "thought": " ".join(book.candidate.thought.split())[:300],
        "formula": (book.candidate.closed_form or "")[:400],
    }
