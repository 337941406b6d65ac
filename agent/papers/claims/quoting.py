"""What a model once said, as a paper quotes it: plain characters, whole sentences."""

from __future__ import annotations

import re

__all__ = ["quotable"]

_MARKED = " [...]"
_UNFINISHED = (" a.", " an.", " the.", " of.", " and.", " or.", " with.", " their.", " its.")
"""How a sentence ends that a model had to close because its answer had reached its length."""
_WORD = re.compile(r"\S+\.(?= )")
# Numbers of a list and shortened words: the point behind them ends no sentence.
_GOES_ON = re.compile(r"(?:.*[a-z)]\.)?\d{1,2}|[a-z]|e\.g|i\.e|vs|cf|eq|fig|al", re.IGNORECASE)


def quotable(text: str, most: int, cut: bool = False) -> str:
    """The whole sentences at the beginning of a text.

    Args:
        text: What was said.
        most: Longest result, in characters.
        cut: A text without a whole sentence is quoted up to its last word all the same, with a
            mark; otherwise nothing of it is.
    """
    # A mark of code says nothing where all of it is words.
    letters = text.replace("`", "").encode("ascii", "ignore").decode()
    plain = " ".join(letters.split()).lstrip(" ,;:.!?>*#-")
    if plain.endswith(_UNFINISHED):
        plain = plain[:-1]
    # What an answer opened and never closed, it did not finish.
    opened = plain.rfind("(") if plain.count("(") > plain.count(")") else -1
    is_open = opened > 0
    if is_open:
        plain = plain[:opened].rstrip()
    if len(plain) <= most and plain.endswith(".") and not is_open:
        return plain
    ends = [found.end() for found in _WORD.finditer(plain + " ") if _ends(found[0])]
    ends = [end for end in ends if end <= most]
    if ends or not cut:
        return plain[: ends[-1]] if ends else ""
    if len(plain) <= most and not is_open:
        return plain
    if len(plain) + len(_MARKED) <= most:
        return plain + _MARKED
    return plain[: most - len(_MARKED)].rsplit(" ", 1)[0] + _MARKED


def _ends(word: str) -> bool:
    return not _GOES_ON.fullmatch(word.lstrip("(").removesuffix("."))
