"""What a model once said, as a paper quotes it: plain characters, whole sentences."""

from __future__ import annotations

__all__ = ["quotable"]

_MARKED = " [...]"
_UNFINISHED = (" a.", " an.", " the.", " of.", " and.", " or.", " with.", " their.", " its.")
"""How a sentence ends that a model had to close because its answer had reached its length."""


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
    if len(plain) <= most and plain.endswith("."):
        return plain
    whole = plain[:most]
    whole = whole[: whole.rfind(". ") + 1]
    if whole or not cut:
        return whole
    opened = plain.rfind("(") if plain.count("(") > plain.count(")") else -1
    if opened > 0:
        # It ends within a parenthesis, which is no place to end.
        return plain[: min(opened, most - len(_MARKED))].rstrip() + _MARKED
    if len(plain) <= most:
        return plain
    return plain[: most - len(_MARKED)].rsplit(" ", 1)[0] + _MARKED
