"""Takes out of a paper what tells who wrote it, what became of it, and how long it is.

A benchmark of reviewers on published papers is worth little where the text gives the decision away:
in the one published with The AI Scientist (Lu et al. 2024, arXiv 2408.06292) the words "Anonymous
authors" alone decide nearly every paper. What is taken out: everything between title and abstract,
e-mail addresses, links, ORCIDs, acknowledgements with funding and author contributions, sentences
that thank or say who paid, lives of the authors, notes on submission, acceptance and anonymity,
marks that say a machine wrote the text, and counts of pages. Names that the running text mentions,
as in "our earlier work", stay.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from reviewers.paper.cues import PASSAGES, SENTENCES, without_sentences
from reviewers.paper.document import Document, Section
from reviewers.paper.frontmatter import without_commands, without_names
from reviewers.paper.sections import is_abstract, is_thanks

__all__ = ["Blinded", "blind"]


@dataclass(frozen=True)
class Blinded:
    """A paper without its cues.

    Args:
        document: The paper.
        removed: How much was taken out, by kind: sections, sentences, passages or characters of the
            front matter.
    """

    document: Document
    removed: dict[str, int]


def blind(document: Document) -> Blinded:
    """A paper as an anonymous submission without status.

    Args:
        document: As it was read.
    """
    removed: Counter[str] = Counter()
    sections = []
    for number, section in enumerate(document.sections):
        if is_thanks(section.heading):
            removed["acknowledgements"] += 1
            continue
        text = section.text
        if document.format == "latex":
            text = _without_commands(text, removed)
        if number == 0 and not section.heading:
            text = _front(document, text, removed)
        text = _without_cues(text, removed)
        text = re.sub(r"[ \t]{2,}", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()
        heading = section.heading
        if text or heading:
            sections.append(Section(heading, text))
    title = document.title
    if document.format == "latex":
        title = _without_commands(title, removed)
    return Blinded(
        replace(document, title=title, sections=tuple(sections)),
        {kind: count for kind, count in sorted(removed.items()) if count},
    )


def _without_cues(text: str, removed: Counter[str]) -> str:
    # Sentences first: a link within one is no passage of its own.
    for kind, by_line, find in SENTENCES:
        text, count = without_sentences(text, by_line, find)
        removed[kind] += count
    for kind, pattern in PASSAGES:
        text, count = pattern.subn(" ", text)
        removed[kind] += count
    return text


def _front(document: Document, text: str, removed: Counter[str]) -> str:
    """What stands before the first heading.

    With an abstract to follow it is title and authors, and goes as a whole. Where a paper has no
    abstract it may be its introduction: then only the lines with names and affiliations go.
    """
    kept = ""
    if not any(is_abstract(section.heading) for section in document.sections):
        kept = without_names(text)
    removed["front matter"] += len(text) - len(kept)
    return kept


def _without_commands(text: str, removed: Counter[str]) -> str:
    rest, count = without_commands(text)
    removed["front matter"] += count
    return rest
