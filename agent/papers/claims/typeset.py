"""Plain text as LaTeX and back: nothing that a model writes is a command."""

from __future__ import annotations

import re

__all__ = ["plain_of", "tex", "tex_number"]

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


def tex(text: str) -> str:
    """Text as LaTeX that shows exactly these characters; paired straight quotes are curled."""
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    return _QUOTED.sub(r"``\1''", escaped)


def tex_number(text: str) -> str:
    """A number as LaTeX, kept on one line unless it is so long that the line would suffer."""
    return rf"\mbox{{{tex(text)}}}" if " " in text and len(text) <= _LONGEST_BOX else tex(text)


def plain_of(latex: str) -> str:
    """The text that `tex` was given, up to its quotes; other commands are left as they are."""
    # A bare tie is a space; one that was written stands as a command.
    text = _COMMANDS.sub(lambda found: _BACK[found[0]], latex.replace("~", " "))
    return text.replace("``", '"').replace("''", '"')
