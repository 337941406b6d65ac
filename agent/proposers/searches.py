"""Texts of a file that an edit may search for: each occurs once, so that every such edit lands.

A small model that copies lines freely takes ones that occur twice, or half of one. Where its answer
is constrained, it chooses among these in place of that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence, Set

from templates.syntax import syntax_tree

__all__ = ["indentation", "search_texts"]

# Longer statements are not offered as a whole: copying them costs a token each few characters.
_LONGEST_STATEMENT = 6
_WORD = re.compile(r"\w")


def search_texts(text: str) -> tuple[str, ...]:
    """What an edit may replace of a file: lines, and short statements of several lines as a whole.

    A line that occurs twice is offered with as many lines around it as make the run unique. Left
    out are docstrings, of which nothing depends, and lines that begin a statement of several: what
    is written in their place has to fit the rest of it. So functions are edited line by line.

    Args:
        text: A file that parses.

    Returns:
        Texts that each occur exactly once as whole lines, in the order of their first lines.
    """
    lines = text.removesuffix("\n").split("\n")
    tree = syntax_tree(text)
    left_out = {*_docstrings(tree), *(first for first, _ in _statements(tree))}
    runs = {run for at in range(len(lines)) for run in _shortest(lines, at, left_out)}
    runs |= {
        (first, end)
        for first, end in _statements(tree, whole=True)
        if end - first <= _LONGEST_STATEMENT and _occurs_once(lines, first, end)
    }
    return tuple(dict.fromkeys("\n".join(lines[first:end]) for first, end in sorted(runs)))


def indentation(text: str) -> int:
    """How many spaces the first line begins with."""
    return len(text) - len(text.lstrip(" "))


def _shortest(lines: Sequence[str], at: int, left_out: Set[int]) -> Iterator[tuple[int, int]]:
    """The shortest run of lines around one that occurs once; none around one without a word."""
    if at in left_out or not _WORD.search(lines[at]):
        return
    for length in range(1, len(lines) + 1):
        for first in range(at, at - length, -1):
            end = first + length
            if first < 0 or end > len(lines) or not left_out.isdisjoint(range(first, end)):
                continue
            whole = lines[first].strip() and lines[end - 1].strip()
            if whole and _occurs_once(lines, first, end):
                yield first, end
                return


def _occurs_once(lines: Sequence[str], first: int, end: int) -> bool:
    wanted, length = list(lines[first:end]), end - first
    places = range(len(lines) - length + 1)
    return sum(list(lines[at : at + length]) == wanted for at in places) == 1


def _statements(tree: ast.Module, *, whole: bool = False) -> Iterator[tuple[int, int]]:
    """First line and end of each statement of several lines, from 0.

    Args:
        tree: Of the file.
        whole: Leave definitions out.
    """
    for node in ast.walk(tree):
        if whole and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.stmt) and node.end_lineno and node.end_lineno > node.lineno:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(one.lineno for one in decorators)]) - 1
            yield first, node.end_lineno


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            assert node.end_lineno is not None
            yield from range(node.lineno - 1, node.end_lineno)
