"""What stands around a title: names, affiliations, and the LaTeX commands that hold them."""

from __future__ import annotations

import re

__all__ = ["without_commands", "without_names"]

_COMMANDS = (
    "author|authors|thanks|affiliation|affil|affiliations|institute|institution|email|address|"
    "icmlauthor|icmlaffiliation|icmlcorrespondingauthor|icmlauthorlist|orcid|date|authorrunning|"
    "correspondingauthor|footnotetext|hypersetup|pdfinfo|name|Name|Email|addr|altaffiliation|"
    "aistatsauthor|aistatsaddress|IEEEauthorblockN|IEEEauthorblockA|runningauthor|ShortAuthors|"
    "firstpageno|editor|editors|corref|cortext|ead|shortauthors|authornote|authornotemark"
)
_COMMAND = re.compile(rf"\\(?:{_COMMANDS})\*?\s*(?:\[[^\]\n]{{0,200}}\]\s*){{0,2}}(?=\{{)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_AFFILIATION = re.compile(
    r"\b(?:universit|institut|department|dept\.|laborator|college|school of|academy|faculty|"
    r"research cent|google|deepmind|openai|microsoft|meta ai|nvidia|\binc\.|gmbh|\bltd)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\W{0,9}(?:authors?|by|affiliations?|institutions?|correspondence|e-?mail|date)\s{0,9}:",
    re.IGNORECASE,
)
_PIECE = re.compile(r"(\n|\\\\(?:\[[^\]\n]{0,20}\])?)")
_MARKUP = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}|\\[A-Za-z]+\*?|\$[^$\n]{0,40}\$|<[^<>\n]{0,80}>"
)
_WORD = re.compile(r"[^\W\d_]+")
# Small words within names and lists of them.
_SMALL = frozenset(
    "and of the de da di du del der den van von zu la le al bin ibn y e at in for by".split()
)
_LONGEST_LINE = 200
# So many words in small letters make a line of names prose.
_PROSE_WORDS = 3


def without_names(text: str) -> str:
    """The beginning of a paper without the lines that only name people and where they work.

    Up to the first line of prose, what holds nothing but capitalised words goes; lines with an
    affiliation go anywhere. Other lines stay, as the beginning may be the introduction.

    Args:
        text: What stands before the first heading.
    """
    kept = []
    in_prose = False
    for piece in _PIECE.split(text):
        if not piece.strip() or _PIECE.fullmatch(piece):
            kept.append(piece)
            continue
        words = _WORD.findall(_MARKUP.sub(" ", piece))
        plain = [word for word in words if word.islower() and word not in _SMALL]
        short = len(piece) <= _LONGEST_LINE
        in_prose = in_prose or (len(plain) >= _PROSE_WORDS and not _AFFILIATION.search(piece))
        if short and (_AFFILIATION.search(piece) or _LABEL.match(piece)):
            continue
        if short and words and not plain and not in_prose:
            continue
        kept.append(piece)
    return "".join(kept)


def without_commands(text: str) -> tuple[str, int]:
    """LaTeX without the commands that hold authors, with all their balanced arguments.

    Args:
        text: LaTeX.

    Returns:
        The rest, and how many characters went.
    """
    kept, end, removed = [], 0, 0
    for match in _COMMAND.finditer(text):
        if match.start() < end:
            continue
        kept.append(text[end : match.start()])
        end = _closing(text, match.end())
        # Some take several arguments, as \icmlaffiliation{key}{name}.
        while text.startswith("{", end):
            end = _closing(text, end)
        removed += end - match.start()
    kept.append(text[end:])
    return "".join(kept), removed


def _closing(text: str, begin: int) -> int:
    """Where the group ends that opens at ``begin``; the end of the text where it never does."""
    depth = 0
    for match in _BRACE.finditer(text, begin):
        if match[0] in "{}":
            depth += 1 if match[0] == "{" else -1
            if depth == 0:
                return match.end()
    return len(text)
