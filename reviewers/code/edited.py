"""Findings in the edits of an experiment: what edited files do that the shipped ones did not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reviewers.code.syntax import reached, recalled, reflection, unrepeatable
from reviewers.contract import Finding
from templates.contract import Experiment
from templates.edits import apply_edits, parse_edits
from templates.syntax import syntax_tree

__all__ = ["edit_findings"]

_LOOPS = frozenset({"fori_loop", "scan", "while_loop"})


def edit_findings(code: str, experiment: Experiment) -> list[Finding]:
    """What edits bring into an experiment, file by file.

    An experiment may use whatever its sandbox has, since only what it returns counts. What matters
    is whether it still is the experiment that is measured: a step that does the work of many, or
    code that reaches around what may not be edited, is something else.

    Args:
        code: The edits; they have been applied before, so they can be.
        experiment: What they are of.
    """
    files = apply_edits(experiment.files, parse_edits(code), fixed=experiment.fixed)
    found: list[Finding] = []
    for path, text in sorted(files.items()):
        shipped = experiment.files.get(path, "")
        if text == shipped:
            continue
        before = {_essence(one) for one in _findings(shipped, experiment)}
        found += [
            Finding(one.rule, one.severity, f"{path}: {one.message}", one.line)
            for one in _findings(text, experiment)
            if _essence(one) not in before
        ]
    return list(dict.fromkeys(found))


def _findings(text: str, experiment: Experiment) -> Iterator[Finding]:
    tree = syntax_tree(text)
    yield from reflection(tree)
    yield from recalled(tree)
    yield from unrepeatable(tree)
    fixed = {path.removesuffix(".py").replace("/", ".") for path in experiment.fixed}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = node.module if isinstance(node, ast.ImportFrom) else None
        for name in sorted(fixed & {module, *(alias.name for alias in node.names)}):
            yield Finding(
                "imports_what_measures", "severe", f"imports {name}, which measures it", node.lineno
            )
    loops = [(name, line) for name, line in reached(tree) if name in _LOOPS]
    if loops:
        yield Finding(
            "loops_inside",
            "concern",
            f"{len(loops)} loops ({loops[0][0]}): a step may do the work of many",
            loops[0][1],
        )


def _essence(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.message
