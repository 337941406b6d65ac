"""Puts a paper together from the files that its LaTeX inputs, all from the paper's own folder."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["join_inputs"]

_MOST_INPUTS = 64
_TEXT = (".tex", ".ltx", ".txt")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*\n?")
_INPUT = re.compile(
    r"\\(?:input|include|subfile)(?:\s*\{([^{}]+)\}|[ \t]+([^\s{}\\]+))",
)
_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)


def join_inputs(path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    r"""A LaTeX file without comments, with what it inputs in place.

    ``\input``, with braces or without, ``\include`` and ``\subfile`` are followed. Nothing outside
    the folder of the paper is read. A part that is missing leaves nothing in the text.

    Args:
        path: The paper.
        text: Its text.

    Returns:
        The whole, and for every part that is missing one line that says so.
    """
    joining = _Joining(path)
    return joining.join(text, path.parent), tuple(joining.notes)


class _Joining:
    """The files of one paper as they are found."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent.resolve()
        self._seen = {path.resolve()}
        # A dictionary, as a part that is asked for often is named once.
        self.notes: dict[str, None] = {}

    def join(self, text: str, near: Path) -> str:
        """The text with its inputs; ``near`` is the folder of the file that it comes from."""
        return _INPUT.sub(lambda match: self._part(match, near), _COMMENT.sub("", text))

    def _part(self, match: re.Match[str], near: Path) -> str:
        name = (match[1] or match[2]).strip("\"' ")
        try:
            file = self._found(name, near)
            if isinstance(file, str):
                return self._missing(name, file)
            if file in self._seen:
                self.notes[f"the part {name} is input more than once; reviewers see it once"] = None
                return ""
            if len(self._seen) > _MOST_INPUTS:
                return self._missing(
                    name, f"was not read: only the first {_MOST_INPUTS} parts of a paper are"
                )
            text = file.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError) as error:
            return self._missing(name, f"cannot be read ({error})")
        self._seen.add(file)
        # A subfile is a document by itself; only its body belongs here.
        body = _BODY.search(_COMMENT.sub("", text))
        return self.join(text if body is None else body[1], file.parent)

    def _found(self, name: str, near: Path) -> Path | str:
        """The file of that name, or why there is none that may be read."""
        names = [name] if name.endswith(_TEXT) else [f"{name}.tex", name]
        # Names count from the main file; those in a subfile may count from where it lies.
        places = [(folder / one).resolve() for folder in (self._folder, near) for one in names]
        inside = [place for place in places if place.is_relative_to(self._folder)]
        file = next((place for place in inside if place.is_file()), None)
        if file is None and len(inside) < len(places):
            return "lies outside the paper's folder (put a copy into it)"
        if file is None:
            return "was not found in the paper's folder"
        if file.suffix.lower() not in _TEXT:
            return f"is no LaTeX text ({file.suffix or 'no ending'}) and was left out"
        return file

    def _missing(self, name: str, why: str) -> str:
        self.notes[f"the part {name} {why}: reviewers do not see it"] = None
        return ""
