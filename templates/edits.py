"""Edits of an experiment: search/replace blocks, how they are written, read and applied.

A block names a file and replaces a piece of it::

    model.py
    <<<<<<< SEARCH
    WIDTH = 64
    =======
    WIDTH = 128
    >>>>>>> REPLACE

Blocks are applied in their order, each to what the ones before it left. An empty search makes a new
file. Everything here is a pure function of text: nothing is run and no file is touched.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from templates.errors import CandidateError

__all__ = [
    "Edit",
    "apply_edits",
    "difference",
    "edits_between",
    "parse_edits",
    "render_edits",
]

MAX_CHARACTERS = 50_000
MAX_EDITS = 32
MAX_FILES = 24
MAX_TOTAL_CHARACTERS = 200_000
_MAX_PATH = 80
_CONTEXT = 2
_SHOWN = 6
_OPEN = re.compile(r"<{5,9} ?SEARCH[ >]*")
_MIDDLE = re.compile(r"={5,9}[ ]*")
_CLOSE = re.compile(r">{5,9} ?REPLACE[ ]*")
_PATH = re.compile(r"[A-Za-z_][\w-]*(/[A-Za-z_][\w-]*)*\.py")


@dataclass(frozen=True)
class Edit:
    """One replacement.

    Args:
        path: Of the file, relative to the experiment, with slashes.
        search: What is replaced, without the newline at its end; empty for a new file.
        replace: What comes in its place; empty takes the lines away.
    """

    path: str
    search: str
    replace: str


def parse_edits(text: str) -> tuple[Edit, ...]:
    """Read the blocks of a text; what stands around them is left out.

    A block without a path of its own is of the file of the block before it.

    Args:
        text: With blocks. Only comments and blank lines mean no edit at all, which is how the
            untouched experiment is written.

    Raises:
        CandidateError: Kind ``too_large``, ``no_edits``, ``malformed_edit`` or ``no_file``.
    """
    if len(text) > MAX_CHARACTERS:
        raise CandidateError(
            "too_large", f"the edits have {len(text)} characters, at most {MAX_CHARACTERS} fit"
        )
    lines = text.replace("\r\n", "\n").split("\n")
    edits: list[Edit] = []
    path, position, stray = "", 0, False
    while position < len(lines):
        line = lines[position].strip()
        if _OPEN.fullmatch(line):
            if not path:
                raise CandidateError(
                    "no_file", f"line {position + 1}: write the file's name above the block"
                )
            edit, position = _block(lines, position + 1, path)
            edits.append(edit)
        else:
            if _MIDDLE.fullmatch(line) or _CLOSE.fullmatch(line):
                raise CandidateError(
                    "malformed_edit",
                    f"line {position + 1}: `{line}` stands outside of a block; a block begins with "
                    "`<<<<<<< SEARCH`",
                )
            if line and not line.startswith(("#", "```")):
                stray = True
                path = _named(line)
            position += 1
    if not edits and stray:
        raise CandidateError(
            "no_edits",
            "there is no edit: write the file's name, then `<<<<<<< SEARCH`, the lines to replace, "
            "`=======`, the new lines, `>>>>>>> REPLACE`",
        )
    if len(edits) > MAX_EDITS:
        raise CandidateError("too_large", f"{len(edits)} edits: at most {MAX_EDITS} fit")
    return tuple(edits)


def render_edits(edits: Sequence[Edit]) -> str:
    """Write edits as blocks that `parse_edits` reads back.

    Raises:
        CandidateError: Kind ``malformed_edit``: an edit holds a line that marks blocks.
    """
    blocks = []
    for edit in edits:
        for line in (*edit.search.split("\n"), *edit.replace.split("\n")):
            if any(marker.fullmatch(line.strip()) for marker in (_OPEN, _MIDDLE, _CLOSE)):
                raise CandidateError(
                    "malformed_edit", f"an edit of {edit.path} holds the marker `{line.strip()}`"
                )
        parts = [edit.path, "<<<<<<< SEARCH"]
        parts += [edit.search] if edit.search else []
        parts += ["======="]
        parts += [edit.replace] if edit.replace else []
        blocks.append("\n".join([*parts, ">>>>>>> REPLACE"]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def apply_edits(
    files: Mapping[str, str], edits: Sequence[Edit], *, fixed: Sequence[str] = ()
) -> dict[str, str]:
    """The experiment after some edits.

    A search has to be found once: as whole lines, else as a piece of a line, else with other
    spaces at the ends of lines, other blank lines or another indentation of the whole (which the
    new lines then get).

    Args:
        files: Text by path.
        edits: Applied in their order.
        fixed: Paths that may not be edited.

    Returns:
        Text by path, of all files.

    Raises:
        CandidateError: Kind ``outside``, ``fixed_file``, ``unknown_file``, ``empty_search``,
            ``search_missing``, ``search_ambiguous``, ``no_change`` or ``too_large``.
    """
    edited = dict(files)
    for edit in edits:
        _check_path(edit.path, files, fixed)
        if edit.path in edited:
            edited[edit.path] = _replaced(edited[edit.path], edit)
        elif edit.search.strip():
            near = difflib.get_close_matches(edit.path, edited, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(edited))}"
            raise CandidateError("unknown_file", f"there is no file {edit.path}; {hint}")
        else:
            edited[edit.path] = edit.replace.rstrip("\n") + "\n"
    if edits and edited == dict(files):
        raise CandidateError("no_change", "together the edits change nothing")
    if len(edited) > MAX_FILES or sum(map(len, edited.values())) > MAX_TOTAL_CHARACTERS:
        raise CandidateError(
            "too_large",
            f"the edited experiment is too large: at most {MAX_FILES} files and "
            f"{MAX_TOTAL_CHARACTERS} characters",
        )
    return edited


def edits_between(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Edit, ...]:
    """Edits that turn one experiment into another, each with as many lines around as it needs.

    Args:
        old: Text by path.
        new: The same; a file of ``old`` that is missing here is left as it is.
    """
    found: list[Edit] = []
    for path in sorted(new):
        if path not in old:
            found.append(Edit(path, "", new[path].rstrip("\n")))
        elif new[path] != old[path]:
            found += _hunks(path, old[path], new[path])
    return tuple(found)


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What differs between two states of an experiment, as a unified diff of its files.

    Args:
        old: Text by path.
        new: Text by path; files that are only here are new.
    """
    lines: list[str] = []
    for path in sorted(new):
        before, after = old.get(path, "").splitlines(), new[path].splitlines()
        lines += difflib.unified_diff(before, after, path, path, lineterm="", n=1)
    return "\n".join(lines)


def _named(line: str) -> str:
    """The path in a line such as ``**`model.py`:**``; the line itself where it holds none."""
    words = line.strip("*#`: ").split()
    return words[-1].strip("*`:") if words else ""


def _block(lines: Sequence[str], start: int, path: str) -> tuple[Edit, int]:
    parts: list[list[str]] = [[]]
    for position in range(start, len(lines)):
        line = lines[position].strip()
        if _OPEN.fullmatch(line):
            break
        if _MIDDLE.fullmatch(line):
            if len(parts) == 2:
                raise CandidateError(
                    "malformed_edit", f"line {position + 1}: a block has one line of `=======`"
                )
            parts.append([])
        elif _CLOSE.fullmatch(line):
            if len(parts) != 2:
                raise CandidateError(
                    "malformed_edit", f"line {position + 1}: the block has no line of `=======`"
                )
            return Edit(path, "\n".join(parts[0]), "\n".join(parts[1])), position + 1
        else:
            parts[-1].append(lines[position])
    raise CandidateError(
        "malformed_edit", f"the block at line {start} does not end with `>>>>>>> REPLACE`"
    )


def _check_path(path: str, files: Mapping[str, str], fixed: Sequence[str]) -> None:
    pure = PurePosixPath(path)
    if path not in files and (
        len(path) > _MAX_PATH or not _PATH.fullmatch(path) or pure.is_absolute()
    ):
        raise CandidateError(
            "outside",
            f"{path[:_MAX_PATH]!r} is no file of the experiment: use a relative path that ends "
            "with .py, such as model.py",
        )
    if path in fixed:
        raise CandidateError(
            "fixed_file", f"{path} is not to be edited: it says how the experiment is measured"
        )


def _replaced(text: str, edit: Edit) -> str:
    if not edit.search.strip():
        raise CandidateError(
            "empty_search", f"{edit.path} exists: write the lines of it that are to be replaced"
        )
    if edit.search.strip("\n") == edit.replace.strip("\n"):
        raise CandidateError(
            "no_change", f"{edit.path}: the search and its replacement are the same"
        )
    lines = text.removesuffix("\n").split("\n")
    search = edit.search.strip("\n").split("\n")
    replace = edit.replace.strip("\n").split("\n") if edit.replace.strip("\n") else []
    places = _places(lines, search)
    if not places and edit.search in text:
        _require_one(edit, [text[:at].count("\n") for at in _substrings(text, edit.search)])
        return text.replace(edit.search, edit.replace)
    ends, shift = {at: at + len(search) for at in places}, 0
    if not ends:
        trimmed = _places([one.rstrip() for one in lines], [one.rstrip() for one in search])
        ends = {at: at + len(search) for at in trimmed}
    if not ends:
        loose = _loosely(lines, search)
        ends = {at: end for at, (end, _) in loose.items()}
        shift = next(iter(loose.values()))[1] if loose else 0
    if not ends:
        raise CandidateError("search_missing", _nearest(edit, lines, search))
    _require_one(edit, list(ends))
    ((at, end),) = ends.items()
    moved = [_moved(one, shift) for one in replace]
    return "\n".join([*lines[:at], *moved, *lines[end:]]) + "\n"


def _loosely(lines: Sequence[str], search: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Where a search is but for blank lines and one indentation: start, to end and indentation."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    wanted = [line for line in search if line.strip()]
    found = {}
    for place in _places([lines[at].strip() for at in filled], [one.strip() for one in wanted]):
        covered = filled[place : place + len(wanted)]
        shift = _shift([lines[at] for at in covered], wanted)
        if shift is not None:
            found[covered[0]] = (covered[-1] + 1, shift)
    return found


def _places(lines: Sequence[str], search: Sequence[str]) -> list[int]:
    count = len(search)
    wanted = list(search)
    return [at for at in range(len(lines) - count + 1) if list(lines[at : at + count]) == wanted]


def _substrings(text: str, search: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(search), text)]


def _require_one(edit: Edit, places: Sequence[int]) -> None:
    if len(places) > 1:
        shown = ", ".join(str(at + 1) for at in places[:_SHOWN])
        raise CandidateError(
            "search_ambiguous",
            f"the search occurs {len(places)} times in {edit.path} (lines {shown}): add a line "
            "before or after it",
        )


def _shift(lines: Sequence[str], search: Sequence[str]) -> int | None:
    """By how many spaces all lines are indented more than those searched for."""
    shifts = {
        _indent(line) - _indent(wanted)
        for line, wanted in zip(lines, search, strict=True)
        if line.strip()
    }
    return shifts.pop() if len(shifts) == 1 else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _moved(line: str, shift: int) -> str:
    if not line.strip():
        return line
    return " " * shift + line if shift >= 0 else line[min(-shift, _indent(line)) :]


def _nearest(edit: Edit, lines: Sequence[str], search: Sequence[str]) -> str:
    """What to say where a search is not found: the most similar lines."""
    beginning = f"the search is not in {edit.path}; copy whole lines from it"
    wanted = max(search, key=len).strip()
    near = difflib.get_close_matches(wanted, [line.strip() for line in lines], n=1, cutoff=0.5)
    if not near:
        return beginning
    at = next(number for number, line in enumerate(lines) if line.strip() == near[0])
    return f"{beginning}. Most similar is line {at + 1}: `{lines[at].strip()[:120]}`"


def _hunks(path: str, old: str, new: str) -> list[Edit]:
    """Changed pieces of a file; the whole file where pieces cannot be told apart."""
    before, after = (text.removesuffix("\n").split("\n") for text in (old, new))
    whole = Edit(path, old.removesuffix("\n"), new.removesuffix("\n"))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for context in (_CONTEXT, 4 * _CONTEXT, 16 * _CONTEXT):
        edits = []
        for group in matcher.get_grouped_opcodes(context):
            first, last = group[0], group[-1]
            edits.append(
                Edit(
                    path,
                    "\n".join(before[first[1] : last[2]]),
                    "\n".join(after[first[3] : last[4]]),
                )
            )
        try:
            if apply_edits({path: old}, edits) == {path: new}:
                return edits
        except CandidateError:
            continue
    return [whole]
