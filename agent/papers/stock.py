"""The prepared sentences of a section: the fixed text, and what a small model may choose among.

A section's file in ``defaults/`` is a row of slots. Each slot says one thing in one or several
ways, all of them in the closed language and true by the archive. The first way of every slot is the
fixed text; a model that cannot be trusted with whole sentences chooses another one here and there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.papers.claims.book import FactBook
from agent.papers.claims.facts import Reference, UnknownReferenceError
from agent.papers.claims.language import parse
from agent.papers.claims.ledger import OTHER_FUNCTIONS, Ledger
from agent.papers.claims.plain_facts import thought_of
from agent.papers.sections import Section, others_of, reference_of_kind, tidy

__all__ = ["OWN", "Slot", "compose", "default_source", "plain_text", "stock_of"]

Status: TypeAlias = Literal["ahead", "behind", "open"]

OWN = "own"
"""Name of the slot for a sentence that the model writes itself."""

_HEAD = re.compile(r"== (?P<optional>\? )?(?P<name>\w+) \| (?P<words>.+)")
_STYLES = (0, 1)
_MOST_OTHERS = 4
_MOST_FOUND = 3
_MOST_METRICS = 3
_REVIEWS = (("rules", "text"), ("model", "verdict"))


@dataclass(frozen=True)
class Slot:
    """One thing that a section says.

    Args:
        name: Within its section.
        words: What it is about, for a prompt.
        alternatives: Ways to say it, in the closed language; empty for a sentence of the model's.
        optional: May be left out; the fixed text leaves it out.
        paragraph: Which paragraph of the section it is in, from 0.
        stem: How a sentence of the model's begins.
    """

    name: str
    words: str
    alternatives: tuple[str, ...]
    optional: bool
    paragraph: int
    stem: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.alternatives) > 1 or (self.optional and bool(self.alternatives))


def stock_of(section: Section, ledger: Ledger, template_figures: Sequence[str]) -> list[Slot]:
    """The slots of a section that the archive has something for.

    Args:
        section: Which one.
        ledger: What may be referred to.
        template_figures: Keys of the figures that the template draws.
    """
    environment = Environment(
        loader=PackageLoader("agent.papers", "defaults"),
        undefined=StrictUndefined,
        autoescape=False,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
    )
    text = environment.get_template(f"{section.name}.jinja").render(
        _variables(ledger, template_figures)
    )
    slots: list[Slot] = []
    paragraph = 0
    for line in (raw.strip() for raw in text.splitlines()):
        head = _HEAD.fullmatch(line)
        if line == "---":
            paragraph += 1
        elif head is not None:
            optional = head["optional"] is not None
            words, _, stem = (part.strip() for part in head["words"].partition("|"))
            slots.append(Slot(head["name"], words, (), optional, paragraph, stem))
        elif line:
            slots[-1] = replace(slots[-1], alternatives=(*slots[-1].alternatives, line))
    return [slot for slot in slots if slot.alternatives or slot.name == OWN]


def compose(slots: Sequence[Slot], choice: Mapping[str, int | None], own: str = "") -> str:
    """A section from its slots.

    Args:
        slots: Of the section.
        choice: By name of a slot the alternative from 0, or None to leave an optional one out;
            what is not named is as in the fixed text.
        own: The model's sentence; empty for none.
    """
    paragraphs: dict[int, list[str]] = {}
    for slot in slots:
        if slot.name == OWN:
            said = own
        else:
            chosen = choice.get(slot.name, None if slot.optional else 0)
            said = "" if chosen is None else slot.alternatives[chosen]
        paragraphs.setdefault(slot.paragraph, []).append(said)
    return tidy("\n\n".join(" ".join(said) for said in paragraphs.values()))


def default_source(section: Section, ledger: Ledger, template_figures: Sequence[str]) -> str:
    """The text that stands where the model wrote nothing that may stand.

    Args:
        section: Which one.
        ledger: What may be referred to.
        template_figures: Keys of the figures that the template draws.
    """
    return compose(stock_of(section, ledger, template_figures), {})


def plain_text(source: str, ledger: Ledger) -> str:
    """A text of the closed language as a reader would see it, for a prompt."""
    parts = []
    for segment in parse(source):
        reference = segment.reference
        if reference is None:
            parts.append(segment.text)
        elif reference.function in OTHER_FUNCTIONS:
            parts.append(reference_of_kind(reference, ledger.library))
        else:
            parts.append(ledger.book.fact(reference).text.rstrip("."))
    return " ".join("".join(parts).split())


def place_status(book: FactBook) -> Mapping[str, tuple[Status, str]]:
    """Where the candidate can be compared with the best baseline: how, over whom."""
    others = {"search": None if book.best is None else book.best.name}
    if book.confirmation is not None:
        others["fresh"] = book.confirmation.gain_over
        others["held_out"] = book.confirmation.held_out_over
    found: dict[str, tuple[Status, str]] = {}
    for place, other in others.items():
        if other is None or place not in book.places:
            continue
        status = _status(book, other, place)
        if status is not None:
            found[place] = (status, other)
    return found


def _status(book: FactBook, other: str, place: str) -> Status | None:
    gained = book.gain(book.candidate, book.baselines[other], book.places[place])
    if gained is None:
        return None
    if gained[0].low > 0:
        return "ahead"
    return "behind" if gained[0].high < 0 else "open"


def compare(book: FactBook, standing: tuple[Status, str], place: str, style: int = 0) -> str:
    """One sentence of the language on how the candidate stands at a place, in one of two ways."""
    status, other = standing
    me, them = "{{ name('candidate') }}", f"{{{{ name('{other}') }}}}"
    arguments = f"'candidate', '{other}', '{place}'"
    by = f"{{{{ difference({arguments}) }}}}"
    within = f"{{{{ difference_interval({arguments}) }}}}"
    where = f"the {book.places[place].words}"
    said: Mapping[Status, tuple[str, str]] = {
        "ahead": (
            f"On {where}, {me} is ahead of {them} by {by} (paired interval {within}).",
            f"The paired gain of {me} over {them} on {where} is {by} (interval {within}), more "
            "than the noise of seeds accounts for.",
        ),
        "behind": (
            f"On {where}, {me} is behind {them}: its paired gain is {by} (interval {within}).",
            f"The paired gain of {me} over {them} on {where} is {by} (interval {within}): the "
            "baseline stays ahead.",
        ),
        "open": (
            f"On {where}, the paired gain of {me} over {them} is {by} (interval {within}), so "
            "neither is shown to be ahead.",
            f"Between {me} and {them} the {book.places[place].words} do not decide: the paired "
            f"gain is {by}, with the interval {within}.",
        ),
    }
    return said[status][style]


def _known(book: FactBook, *reference: str) -> bool:
    try:
        book.fact(Reference(reference[0], reference[1:]))
    except UnknownReferenceError:
        return False
    return True


def _many(book: FactBook, what: str, noun: str) -> str:
    """How many there are, with their name in the right number."""
    count = book.fact(Reference("count", (what,))).exact
    return f"{{{{ count('{what}') }}}} {noun}{'' if count == 1 else 's'}"


def _versus(book: FactBook, other: str) -> str:
    status = _status(book, other, "search")
    return "" if status is None else compare(book, (status, other), "search")


def _variables(ledger: Ledger, template_figures: Sequence[str]) -> dict[str, object]:
    book = ledger.book
    status = place_status(book)
    seen = book.measured(book.candidate, book.places["search"])
    estimate = book.estimate(book.candidate, book.spec.primary, book.places["search"])
    confirmation = book.confirmation
    best = None if book.best is None else book.best.name
    own = [one.key for one in book.spec.references if one.key in ledger.citable]
    return {
        "is_discovery": book.candidate.is_discovery,
        "this": f"{'the best' if book.leads else 'a'} candidate of its campaign",
        "leads": book.leads,
        "confirmed": confirmation is not None,
        "holds": confirmation is not None and confirmation.holds,
        "held_out": "held_out" in book.places,
        "held_out_tasks": bool(book.spec.held_out_tasks),
        "controls": any(one.kind == "control" for one in book.baselines.values()),
        "has": {
            "search": seen is not None
            and estimate is not None
            and estimate.low != -float("inf")
            and book.best is not None,
            "formula": bool(book.candidate.closed_form),
            "thought": bool(thought_of(book.candidate)),
            "idea": book.idea.record is not None and not (book.idea.dropped or book.idea.failed),
            "dropped": book.idea.dropped,
            "failed": book.idea.failed,
            "continued": book.idea.continued,
            "left": seen is not None and seen[0].name != "search",
        },
        "status": {name: status.get(name) for name in ("search", "fresh", "held_out")},
        "styles": _STYLES,
        "many": lambda what, noun: _many(book, what, noun),
        "compare": lambda place, style=0: compare(book, status[place], place, style),
        "versus": lambda other: _versus(book, other),
        "others": [name for name in others_of(book) if name != best][:_MOST_OTHERS],
        "control_names": [one.name for one in book.baselines.values() if one.kind == "control"],
        "own_works": ", ".join(repr(key) for key in own[:4]),
        "novelty": None if book.idea.novelty is None else book.idea.novelty.verdict,
        "nearest": ", ".join(repr(key) for key in ledger.found[:_MOST_FOUND]),
        "reviewed": [who for who, part in _REVIEWS if _known(book, "review", who, part)],
        "other_metrics": [
            one.name
            for one in book.spec.metrics
            if not one.primary
            and all(
                _known(book, "interval", who, one.name) for who in ("candidate", "best_baseline")
            )
        ][:_MOST_METRICS],
        "metric": book.spec.primary.name,
        "better": {one.name: one.direction.better for one in book.spec.metrics},
        "boundary": book.spec.boundary,
        "functions": [function.name for function in book.spec.functions if function.required],
        "citable": ledger.citable,
        "figures": ledger.figures,
        "tables": ledger.tables,
        "template_figures": template_figures,
    }
