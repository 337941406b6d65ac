"""Fits a paper into what a model can read at once, and says what was left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reviewers.paper.document import Document, Section
from reviewers.paper.sections import is_appendix, is_references

__all__ = ["LEFT_OUT", "Excerpt", "fit_to"]

LEFT_OUT = "[part of this section is left out here]"

# What a review needs most of, by the beginning of the heading; others count 1.
_WEIGHTS: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), weight)
    for pattern, weight in (
        (r"abstract", 4.0),
        (r"introduction", 1.5),
        (r".*(?:experiment|result|evaluation)", 1.5),
        (r".*(?:conclusion|limitation)", 1.5),
        (r"related work|background", 0.4),
    )
)
_APPENDIX_WEIGHT = 0.15
# Of a section that is cut this share is its beginning, the rest its end.
_HEAD = 0.7
_SHORTEST = 120


@dataclass(frozen=True)
class Excerpt:
    """What of a paper is shown to a model.

    Args:
        text: Title and sections.
        shortened: Headings of the sections of which parts are left out.
        dropped: Headings of the sections that are left out as a whole.
    """

    text: str
    shortened: tuple[str, ...]
    dropped: tuple[str, ...]


def fit_to(document: Document, characters: int) -> Excerpt:
    """A paper in at most about so many characters.

    The list of references is never shown: it holds the names of authors. Where the rest does not
    fit, every section gets a share by what reviews need, sections that need less pass on what they
    leave over, and a section that is too long keeps its beginning and its end, cut where a
    paragraph or a sentence ends. What follows the appendix's heading counts as appendix.

    Args:
        document: The paper, blinded.
        characters: Limit.
    """
    kept: list[tuple[Section, float]] = []
    dropped, shortened = [], []
    in_appendix = False
    for section in document.sections:
        in_appendix = in_appendix or is_appendix(section.heading)
        if is_references(section.heading):
            dropped.append(section.heading)
        else:
            kept.append((section, _APPENDIX_WEIGHT if in_appendix else _weight(section.heading)))
    head = f"# {document.title}\n\n" if document.title else ""
    overhead = len(head) + sum(len(section.heading) + 6 for section, _ in kept)
    shares = _shares(
        [(len(section.text), weight) for section, weight in kept], characters - overhead
    )
    parts = []
    for (section, _), share in zip(kept, shares, strict=True):
        text = section.text
        name = section.heading or "the beginning"
        if len(text) > share:
            if share < _SHORTEST:
                dropped.append(name)
                continue
            text = _cut(text, share)
            shortened.append(name)
        parts.append(f"## {section.heading}\n\n{text}" if section.heading else text)
    return Excerpt(head + "\n\n".join(parts), tuple(shortened), tuple(dropped))


def _weight(heading: str) -> float:
    return next((weight for pattern, weight in _WEIGHTS if pattern.match(heading)), 1.0)


def _shares(wanted: list[tuple[int, float]], characters: int) -> list[int]:
    """What each gets of so many characters, by weight; nobody gets more than it wants."""
    shares = [0] * len(wanted)
    open_places = set(range(len(wanted)))
    left = max(0, characters)
    while open_places:
        total = sum(wanted[place][1] for place in open_places)
        content = {
            place for place in open_places if wanted[place][0] <= left * wanted[place][1] / total
        }
        if not content:
            for place in open_places:
                shares[place] = int(left * wanted[place][1] / total)
            break
        for place in content:
            shares[place] = wanted[place][0]
            left -= wanted[place][0]
        open_places -= content
    return shares


def _cut(text: str, characters: int) -> str:
    room = characters - len(LEFT_OUT) - 4
    head_room = int(room * _HEAD)
    head = _up_to(text[:head_room])
    tail = text[len(text) - (room - head_room) :]
    begin = re.search(r"\n\n|(?<=[.!?])\s", tail)
    if begin is not None and begin.end() < len(tail) // 2:
        tail = tail[begin.end() :]
    return f"{head}\n\n{LEFT_OUT}\n\n{tail.strip()}"


def _up_to(text: str) -> str:
    """The text up to its last paragraph or sentence, unless that loses more than half."""
    for ending in ("\n\n", ". ", ".\n"):
        place = text.rfind(ending)
        if place > len(text) // 2:
            return text[: place + 1].strip()
    return text.strip()
