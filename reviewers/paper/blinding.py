"""Takes out of a paper what tells who wrote it, what became of it, and how long it is.

A benchmark of reviewers on published papers is worth little where the text gives the decision away:
in the one published with The AI Scientist (Lu et al. 2024, arXiv 2408.06292) the words "Anonymous
authors" alone decide nearly every paper. What is taken out: everything between title and abstract,
e-mail addresses, links, ORCIDs, acknowledgements with funding and author contributions, notes on
submission, acceptance and anonymity, marks that say a machine wrote the text, and counts of pages.
Names that the running text mentions, as in "our earlier work", stay.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from reviewers.paper.document import Document, Section
from reviewers.paper.sections import is_thanks

__all__ = ["Blinded", "blind"]


@dataclass(frozen=True)
class Blinded:
    """A paper without its cues.

    Args:
        document: The paper.
        removed: How much was taken out, by kind: sections, passages or characters of the front
            matter.
    """

    document: Document
    removed: dict[str, int]


_LATEX_COMMANDS = (
    "author|authors|thanks|affiliation|affil|affiliations|institute|institution|email|address|"
    "icmlauthor|icmlaffiliation|icmlcorrespondingauthor|icmlauthorlist|orcid|date|authorrunning|"
    "correspondingauthor|footnotetext|hypersetup|pdfinfo"
)
_PASSAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "link",
        re.compile(
            r"\\href\s*\{[^{}]*\}|\\url\s*\{[^{}]*\}|(?:https?://|www\.)[^\s{}<>\"]+"
            r"|\b(?:github|gitlab|bitbucket|huggingface|osf|zenodo)\.(?:com|org|io|co)"
            r"/[^\s{}<>\"]+",
            re.IGNORECASE,
        ),
    ),
    (
        "e-mail",
        re.compile(r"(?:\\?\{[\w.,\s+-]+\\?\}|[\w.+-]+)\s?@\s?[\w-]+(?:\.[\w-]+)+|\bmailto:\S+"),
    ),
    ("ORCID", re.compile(r"(?:ORCID:?\s*)?\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b")),
    (
        "status",
        re.compile(
            r"[^\n.]*\b(?:anonymous authors?|anonymous submission|paper under double-blind review|"
            r"under review (?:as|at|by|for)\b|(?:published|accepted) (?:as a|at|to|in|by)\b"
            r"[^\n.]{0,40}\b(?:conference|workshop|journal|proceedings|ICLR|NeurIPS|ICML|AAAI|"
            r"TMLR|CVPR|ACL|EMNLP)|preprint\. |do not distribute|equal contribution|"
            r"corresponding author|work (?:was )?done (?:while|during)|camera.ready)[^\n.]*\.?",
            re.IGNORECASE,
        ),
    ),
    (
        "machine mark",
        re.compile(
            r"^\W*(?:AI|LLM|machine)[- ](?:generated|written)\b[^\n]{0,160}$"
            r"|\b(?:this|the) (?:paper|manuscript|document|report|text) (?:was|is|has been) "
            r"(?:\w+ly )?(?:(?:AI|LLM|machine)[- ])?(?:generated|written)\b[^\n.]*\.?",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    (
        "length",
        re.compile(
            r"\bpage\s+\d+\s+(?:of|/)\s+\d+\b"
            r"|\(\d+\s+pages?\b[^()\n]{0,60}\)"
            r"|^\W*(?:comments?:\s*)?\d+\s+pages?\b(?:,\s*\d+\s+(?:figures?|tables?))*\W*$"
            r"|\b(?:paper|manuscript|submission|text)\b[^\n.]{0,30}\b\d[\d,]*\s+(?:pages?|words)\b",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
)
_ABSTRACT = re.compile(r"abstract", re.IGNORECASE)
_AFFILIATION = re.compile(
    r"\b(?:universit|institut|department|dept\.|laborator|college|school of|academy|faculty|"
    r"research cent|google|deepmind|openai|microsoft|meta ai|nvidia|\binc\.|gmbh|\bltd)",
    re.IGNORECASE,
)


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
        if number == 0 and not section.heading:
            text = _front(document, text, removed)
        if document.format == "latex":
            text = _without_commands(text, removed)
        for kind, pattern in _PASSAGES:
            text, count = pattern.subn(" ", text)
            removed[kind] += count
        text = re.sub(r"[ \t]{2,}", " ", re.sub(r"\n{3,}", "\n\n", text)).strip()
        heading = section.heading
        if text or heading:
            sections.append(Section(heading, text))
    title = document.title
    if document.format == "latex":
        title = _without_commands(title, removed)
    return Blinded(
        Document(document.format, title, tuple(sections)),
        {kind: count for kind, count in sorted(removed.items()) if count},
    )


def _front(document: Document, text: str, removed: Counter[str]) -> str:
    """What stands before the first heading.

    With an abstract to follow it is title and authors, and goes as a whole. Where a paper has no
    abstract it may be its introduction: then only the lines that name affiliations go.
    """
    if any(_ABSTRACT.match(section.heading) for section in document.sections):
        removed["front matter"] += len(text)
        return ""
    kept = [line for line in text.splitlines() if not _AFFILIATION.search(line) or len(line) > 200]
    removed["front matter"] += len(text) - len("\n".join(kept))
    return "\n".join(kept)


def _without_commands(text: str, removed: Counter[str]) -> str:
    """LaTeX without the commands that hold authors, with their balanced arguments."""
    pattern = re.compile(rf"\\(?:{_LATEX_COMMANDS})\*?\s*(?:\[[^\]]*\]\s*)?(?=\{{)")
    kept, end = [], 0
    for match in pattern.finditer(text):
        if match.start() < end:
            continue
        kept.append(text[end : match.start()])
        end = _closing(text, match.end())
        removed["front matter"] += end - match.start()
    kept.append(text[end:])
    return "".join(kept)


def _closing(text: str, begin: int) -> int:
    """Where the group ends that opens at ``begin``; the end of the text where it never does."""
    depth = 0
    for place in range(begin, len(text)):
        if text[place] in "{}" and (place == 0 or text[place - 1] != "\\"):
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place + 1
    return len(text)
