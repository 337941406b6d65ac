"""Findings in a candidate's source, read as a syntax tree and never run."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

from reviewers.contract import Finding, Severity
from templates.contract import FunctionSignature

__all__ = ["code_findings", "uses"]

_MAX_CONSTANTS = 6
_MAX_NODES = 300
# Numbers that carry no tuning: identities, halves and doubles.
_PLAIN = frozenset({0.0, 1.0, -1.0, 2.0, 0.5})
_HUGE = 1e6
_BUILTINS = frozenset(
    "eval exec compile open globals locals vars getattr setattr delattr __import__".split()
)
_MODULES = frozenset("sys os inspect gc ctypes subprocess importlib builtins pathlib io".split())
_HARMLESS_DUNDERS = frozenset({"__future__", "__name__", "__all__", "__doc__"})

_BATCH: tuple[str, Severity, str] = ("batch_statistics", "note", "uses statistics of the batch")
_POSITION: tuple[str, Severity, str] = (
    "position_dependent",
    "note",
    "may depend on the order of the examples",
)
# What an attribute or an import of that name tells; local variables may be called anything.
_TELLING: dict[str, tuple[str, Severity, str]] = {
    **dict.fromkeys(("mean", "std", "var", "sum", "median", "quantile", "percentile"), _BATCH),
    **dict.fromkeys(("max", "min", "softmax", "logsumexp"), _BATCH),
    **dict.fromkeys(("arange", "roll", "flip", "sort", "argsort", "cumsum", "at"), _POSITION),
    "random": ("randomness", "concern", "draws random numbers"),
    "stop_gradient": ("stop_gradient", "note", "stops gradients"),
}


def code_findings(code: str, functions: Sequence[FunctionSignature]) -> list[Finding]:
    """What the source shows, in the order of its lines.

    Args:
        code: Source of the candidate; it has passed the static screen, so it parses.
        functions: What the template asks for.
    """
    tree = ast.parse(code)
    found = [*_reflection(tree), *_size(tree)]
    for definition in _definitions(tree):
        found += _dead_code(definition)
        if definition.name in {function.name for function in functions}:
            found += _ignored_arguments(definition)
    found += _telling(tree)
    return sorted(dict.fromkeys(found), key=lambda finding: (finding.line or 0, finding.rule))


def uses(code: str, names: frozenset[str]) -> bool:
    """Whether an attribute, an imported name or a decorator of that spelling is in the code."""
    return any(name in names for name, _ in _reached(ast.parse(code)))


def _definitions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _reached(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Attributes and imported names with their lines: what is used from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            for part in [module or "", *(alias.name for alias in node.names)]:
                yield from ((word, node.lineno) for word in part.split("."))


def _reflection(tree: ast.AST) -> Iterator[Finding]:
    names = [
        (node.id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and (node.id in _BUILTINS or _is_dunder(node.id))
    ]
    for name, line in (*names, *_reached(tree)):
        if name in _BUILTINS or name in _MODULES or _is_dunder(name):
            yield Finding(
                "reflection", "severe", f"reaches around the interface with `{name}`", line
            )
            return


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _HARMLESS_DUNDERS


def _size(tree: ast.AST) -> Iterator[Finding]:
    nodes = list(ast.walk(tree))
    if len(nodes) > _MAX_NODES:
        yield Finding("complexity", "note", f"long for a formula: {len(nodes)} syntax nodes")
    constants = [
        node
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and abs(float(node.value)) not in _PLAIN
    ]
    if len(constants) > _MAX_CONSTANTS:
        yield Finding("magic_constants", "note", f"{len(constants)} hand-set constants")
    for node in constants:
        if abs(float(node.value)) >= _HUGE:  # type: ignore[arg-type]
            yield Finding("huge_constant", "note", f"constant {node.value!r}", node.lineno)


def _ignored_arguments(definition: ast.FunctionDef) -> Iterator[Finding]:
    arguments = definition.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    read = {
        node.id
        for node in ast.walk(definition)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    ignored = [name for name in names if name not in read]
    if ignored:
        yield Finding(
            "ignored_argument", "note", f"ignores {', '.join(ignored)}", definition.lineno
        )


def _dead_code(definition: ast.FunctionDef) -> Iterator[Finding]:
    read = {
        node.id
        for node in ast.walk(definition)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in ast.walk(definition):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and node.id not in read
            and not node.id.startswith("_")
        ):
            yield Finding("dead_code", "note", f"`{node.id}` is never used", node.lineno)
    for block in _blocks(definition):
        for before, after in itertools.pairwise(block):
            if isinstance(before, ast.Return | ast.Raise):
                yield Finding("dead_code", "note", "code after return", after.lineno)
                break


def _blocks(definition: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(definition):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _telling(tree: ast.AST) -> Iterator[Finding]:
    """The first place of everything that is telling."""
    seen: set[str] = set()
    for name, line in _reached(tree):
        if name in _TELLING and _TELLING[name][0] not in seen:
            rule, severity, message = _TELLING[name]
            seen.add(rule)
            yield Finding(rule, severity, f"{message} ({name})", line)
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            yield Finding("swallowed_errors", "note", "catches exceptions", node.lineno)
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq) for op in node.ops):
            sides = [node.left, *node.comparators]
            if any(isinstance(s, ast.Constant) and isinstance(s.value, float) for s in sides):
                yield Finding(
                    "exact_comparison",
                    "concern",
                    "compares an input with an exact number, as memorized data would",
                    node.lineno,
                )
