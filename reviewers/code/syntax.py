"""Findings in a candidate's source, read as a syntax tree and never run."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence

from reviewers.contract import Finding, Severity
from templates.contract import FunctionSignature, Script
from templates.syntax import syntax_tree

__all__ = [
    "function_findings",
    "reached",
    "recalled",
    "reflection",
    "script_findings",
    "unrepeatable",
    "uses",
]

_MAX_CONSTANTS = 6
_MAX_NODES = 300
_MAX_TABLE = 40
# Numbers that carry no tuning: identities, halves and doubles.
_PLAIN = frozenset({0.0, 1.0, -1.0, 2.0, 0.5})
_HUGE = 1e6
_CLOCKS = frozenset({"time", "monotonic", "perf_counter", "process_time"})
_GLOBAL_RANDOM = ("random.", "np.random.rand", "np.random.normal", "np.random.uniform")
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


def function_findings(code: str, functions: Sequence[FunctionSignature]) -> list[Finding]:
    """What the source of traced functions shows, in the order of its lines.

    Args:
        code: Source of the candidate; it has passed the static screen, so it parses.
        functions: What the template asks for.
    """
    tree = syntax_tree(code)
    entries = {function.name for function in functions}
    return _sorted(
        [*reflection(tree), *_size(tree), *_definitions_findings(tree, entries), *_telling(tree)]
    )


def script_findings(code: str, script: Script) -> list[Finding]:
    """What the source of a script shows, in the order of its lines.

    A script may use whatever its sandbox has, since only what it returns counts. What matters is
    whether it searches or recalls, and whether it gives the same result again.

    Args:
        code: Source of the candidate; it parses.
        script: What the template asks for.
    """
    tree = syntax_tree(code)
    return _sorted(
        [*recalled(tree), *unrepeatable(tree), *_definitions_findings(tree, {script.entry})]
    )


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(found), key=lambda finding: (finding.line or 0, finding.rule))


def _definitions_findings(tree: ast.AST, entries: set[str]) -> Iterator[Finding]:
    for definition in _definitions(tree):
        yield from _dead_code(definition)
        if definition.name in entries:
            yield from _ignored_arguments(definition)


def recalled(tree: ast.AST) -> Iterator[Finding]:
    """A table of numbers, where one is carried along."""
    constants = _constants(tree)
    if len(constants) > _MAX_TABLE:
        yield Finding(
            "recalled_table",
            "concern",
            f"carries {len(constants)} numbers: it may recall a solution rather than find one",
            constants[0].lineno,
        )


def unrepeatable(tree: ast.AST) -> Iterator[Finding]:
    """What makes two runs differ."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        last = called.rpartition(".")[2]
        if last in _CLOCKS:
            yield Finding(
                "reads_the_clock", "note", "depends on the speed of the machine", node.lineno
            )
        elif called.startswith(_GLOBAL_RANDOM) or (last == "default_rng" and not node.args):
            yield Finding("unseeded", "note", "draws random numbers without a seed", node.lineno)


def uses(code: str, names: frozenset[str]) -> bool:
    """Whether an attribute, an imported name or a decorator of that spelling is in the code."""
    return any(name in names for name, _ in reached(syntax_tree(code)))


def _definitions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def reached(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Attributes and imported names with their lines: what is used from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            for part in [module or "", *(alias.name for alias in node.names)]:
                yield from ((word, node.lineno) for word in part.split("."))


def reflection(tree: ast.AST) -> Iterator[Finding]:
    """The first thing that reaches around the interface."""
    names = [
        (node.id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and (node.id in _BUILTINS or _is_dunder(node.id))
    ]
    for name, line in (*names, *reached(tree)):
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
    constants = _constants(tree)
    if len(constants) > _MAX_CONSTANTS:
        yield Finding("magic_constants", "note", f"{len(constants)} hand-set constants")
    for node in constants:
        if abs(float(node.value)) >= _HUGE:  # type: ignore[arg-type]
            yield Finding("huge_constant", "note", f"constant {node.value!r}", node.lineno)


def _constants(tree: ast.AST) -> list[ast.Constant]:
    """Numbers that somebody chose."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and abs(float(node.value)) not in _PLAIN
    ]


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
    for name, line in reached(tree):
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
