"""The syntax trees of candidates, one at a time."""

from __future__ import annotations

import ast
import threading

__all__ = ["syntax_tree"]

_ONE_AT_A_TIME = threading.Lock()


def syntax_tree(code: str) -> ast.Module:
    """The syntax tree of a module, as `ast.parse` gives it, from any thread.

    Python up to 3.11 keeps one counter of depth for all threads, and two trees that are made at
    once end in ``SystemError: AST constructor recursion depth mismatch`` (CPython issue 106905).

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds a null character.
        RecursionError: It is nested too deeply; or a MemoryError.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(code)
