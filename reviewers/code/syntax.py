"""Findings in a candidate's source, read as a syntax tree and never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from reviewers.contract import Finding
from templates.contract import FunctionSignature

__all__ = ["code_findings", "uses"]

_MAX_CONSTANTS = 6
_MAX_NODES = 300
# Numbers that carry no tuning: identities, halves and doubles.
_PLAIN = frozenset({0.0, 1.0, -1.0, 2.0, 0.5})
_HUGE = 1e6
_BATCH = frozenset({"mean", "std", "var", "sum", "max", "min", "median", "quantile", "percentile"})
_POSITION = frozenset({"arange", "roll", "flip", "sort", "argsort", "cumsum", "at", "iota"})
_INTROSPECTION = frozenset(
    "eval exec compile open globals locals vars getattr setattr delattr __import__ sys os inspect "
    "gc ctypes subprocess importlib builtins".split()
)


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
    found += _calls(tree)
    return sorted(found, key=lambda finding: (finding.line or 0, finding.rule))


def uses(code: str, names: frozenset[str]) -> bool:
    """Whether a name or an attribute of that spelling occurs in the code."""
    return any(name in names for name, _ in _spellings(ast.parse(code)))


def _definitions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _spellings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name, attribute and imported module with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            for part in [module or "", *(alias.name for alias in node.names)]:
                for word in part.split("."):
                    yield word, node.lineno


def _reflection(tree: ast.AST) -> Iterator[Finding]:
    for name, line in _spellings(tree):
        dunder = name.startswith("__") and name.endswith("__") and name != "__future__"
        if dunder or name in _INTROSPECTION:
            yield Finding(
                "reflection", "severe", f"reaches around the interface with `{name}`", line
            )
            return


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
        for before, after in zip(block, block[1:], strict=False):
            if isinstance(before, ast.Return | ast.Raise):
                yield Finding("dead_code", "note", "code after return", after.lineno)
                break


def _blocks(definition: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(definition):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _calls(tree: ast.AST) -> Iterator[Finding]:
    seen: set[str] = set()
    for node in ast.walk(tree):
        finding = _call(node)
        if finding is not None and finding.rule not in seen:
            seen.add(finding.rule)
            yield finding


def _call(node: ast.AST) -> Finding | None:
    if isinstance(node, ast.Try):
        return Finding("swallowed_errors", "note", "catches exceptions", node.lineno)
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq) for op in node.ops):
        sides = [node.left, *node.comparators]
        if any(isinstance(s, ast.Constant) and isinstance(s.value, float) for s in sides):
            return Finding(
                "exact_comparison",
                "concern",
                "compares an input with an exact number, as memorized data would",
                node.lineno,
            )
    if isinstance(node, ast.Attribute):
        if node.attr == "random":
            return Finding("randomness", "concern", "draws random numbers", node.lineno)
        if node.attr in _BATCH:
            return Finding("batch_statistics", "note", f"uses the batch ({node.attr})", node.lineno)
        if node.attr in _POSITION:
            return Finding(
                "position_dependent",
                "note",
                f"may depend on the order of examples ({node.attr})",
                node.lineno,
            )
        if node.attr == "stop_gradient":
            return Finding("stop_gradient", "note", "stops gradients", node.lineno)
    return None
