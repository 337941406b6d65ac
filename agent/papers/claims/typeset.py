"""Plain text as LaTeX and back: nothing that a model writes is a command."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import cast

import latexcodec  # noqa: F401  (registers the codec "ulatex")

__all__ = ["is_plain", "plain_of", "tex", "tex_number"]

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\N{MINUS SIGN}": "$-$",
    "\N{ZERO WIDTH SPACE}": "",
}
_BACK = {command: character for character, command in _ESCAPES.items() if command}
_COMMANDS = re.compile("|".join(re.escape(command) for command in sorted(_BACK, key=len)[::-1]))
_LONGEST_BOX = 15
_QUOTED = re.compile(r'"([^"\n]*)"')
# Beside ASCII and Latin letters what the fonts of every engine have.
_PUNCTUATION = frozenset("\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a0\u00ab\u00bb\u00a7\u00b7")


def is_plain(character: str) -> bool:
    """Whether every engine sets a character as it is."""
    if character.isascii() or character in _PUNCTUATION:
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")


def tex(text: str) -> str:
    """Text as LaTeX that shows exactly these characters; paired straight quotes are curled.

    Of a character that neither fonts nor LaTeX's symbols have, the code point is shown.
    """
    composed = unicodedata.normalize("NFC", text)
    return _QUOTED.sub(r"``\1''", "".join(map(_escaped, composed)))


def _escaped(character: str) -> str:
    if character in _ESCAPES or is_plain(character):
        return _ESCAPES.get(character, character)
    if unicodedata.category(character) in ("Cf", "Mn"):
        return ""
    # A codec from text to text, which the types of the standard library do not know.
    symbol = cast("str", codecs.encode(character, "ulatex", "keep"))
    return symbol if symbol.isascii() else f"[U+{ord(character):04X}]"


def tex_number(text: str) -> str:
    """A number as LaTeX, kept on one line unless it is so long that the line would suffer."""
    return rf"\mbox{{{tex(text)}}}" if " " in text and len(text) <= _LONGEST_BOX else tex(text)


def plain_of(latex: str) -> str:
    """The text that `tex` was given, up to its quotes; other commands are left as they are."""
    # A bare tie is a space; one that was written stands as a command.
    text = _COMMANDS.sub(lambda found: _BACK[found[0]], latex.replace("~", " "))
    return text.replace("``", '"').replace("''", '"')
