"""Static screen: quick, friendly refusals before any process is asked to trace.

This is a courtesy to the proposer, not a wall: what keeps a candidate in is the sandbox around the
tracer and the verification of its program.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from templates.contract import FunctionSignature
from templates.errors import CandidateError
from templates.syntax import syntax_tree

__all__ = ["ALLOWED_IMPORTS", "parse", "screen"]

MAX_CHARACTERS = 20_000
MAX_NODES = 5_000
MAX_DEPTH = 60
MAX_INTEGER_BITS = 1024
ALLOWED_IMPORTS = frozenset(
    "jax math functools typing collections dataclasses itertools operator numpy __future__".split()
)
_FORBIDDEN_NAMES = frozenset(
    "eval exec compile open input breakpoint __import__ globals locals vars getattr setattr "
    "delattr memoryview exit quit help".split()
)
_FORBIDDEN_ATTRIBUTES = frozenset(
    "pure_callback io_callback callback host_callback ffi ffi_call debug print_callback export "
    "dlpack profiler distributed experimental".split()
)


def screen(code: str, signatures: Sequence[FunctionSignature]) -> None:
    """Refuse what can be seen to be wrong without running it.

    Args:
        code: The candidate's module.
        signatures: The functions that it must define.

    Raises:
        CandidateError: With a class, the line and what to write instead.
    """
    if not code.strip():
        raise CandidateError("empty_code", "the code is empty")
    if len(code) > MAX_CHARACTERS:
        raise CandidateError(
            "too_large", f"the code has {len(code)} characters, at most {MAX_CHARACTERS} fit"
        )
    tree = parse(code)
    _check_size(tree)
    for node in ast.walk(tree):
        _check_node(node)
    _check_functions(tree, signatures)


def parse(code: str) -> ast.Module:
    """The syntax tree of a candidate's module.

    Raises:
        CandidateError: It is no Python; with the line, where there is one.
    """
    try:
        tree = syntax_tree(code)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        text = (getattr(error, "text", None) or "").strip()[:120]
        shown = f" (line {line}: `{text}`)" if line else ""
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise CandidateError("syntax", f"{message}{shown}") from error
    except (RecursionError, MemoryError) as error:
        raise CandidateError("too_large", "the code is nested too deeply to be parsed") from error
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        # Python refuses to print what is longer, and a float cannot hold it.
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise CandidateError("too_large", "the code holds a huge integer")
    return tree


def _check_size(tree: ast.AST) -> None:
    level: list[ast.AST] = [tree]
    count = depth = 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise CandidateError("too_large", "the code is too long or nested too deeply: simplify")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _check_node(node: ast.AST) -> None:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Import):
        for alias in node.names:
            _check_import(alias.name, line)
    elif isinstance(node, ast.ImportFrom):
        _check_import(node.module or ".", line)
    elif isinstance(node, ast.Name) and node.id in _FORBIDDEN_NAMES:
        raise CandidateError(
            "forbidden_name", f"line {line}: `{node.id}` is not allowed; write plain jax.numpy"
        )
    elif isinstance(node, ast.Attribute):
        if node.attr.startswith("__") or node.attr in _FORBIDDEN_ATTRIBUTES:
            raise CandidateError(
                "forbidden_name",
                f"line {line}: `.{node.attr}` is not allowed; write a pure function of the arrays",
            )
    elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.Yield, ast.YieldFrom)):
        raise CandidateError("forbidden_syntax", f"line {line}: no coroutines or generators")


def _check_import(name: str, line: int) -> None:
    if name.split(".")[0] not in ALLOWED_IMPORTS:
        raise CandidateError(
            "forbidden_import",
            f"line {line}: `import {name}` is not allowed; only "
            f"{', '.join(sorted(ALLOWED_IMPORTS))} are",
        )


def _check_functions(tree: ast.Module, signatures: Sequence[FunctionSignature]) -> None:
    bound = {
        name
        for node in tree.body
        for name in (
            [node.name]
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            else [t.id for t in node.targets if isinstance(t, ast.Name)]
            if isinstance(node, ast.Assign)
            else []
        )
    }
    for signature in signatures:
        if signature.required and signature.name not in bound:
            arguments = ", ".join(argument.name for argument in signature.arguments)
            raise CandidateError(
                "missing_function",
                f"the code must define `def {signature.name}({arguments}):` at its top level",
            )
