"""What an idea may change: what a candidate of the task edits or writes, in few words."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from agent.wording import clip
from templates.specification import Argument, Experiment, TemplateSpec
from templates.syntax import syntax_tree

__all__ = ["scope"]

_DOCSTRING, _VALUE, _DESCRIPTION = 80, 40, 100


def scope(spec: TemplateSpec) -> str:
    """What candidates of a task change, one line for each file or function.

    Of an experiment these are its files that may be edited, with their constants and functions; a
    whole experiment is too long for a prompt about ideas.

    Args:
        spec: The task.
    """
    if spec.experiment is not None:
        lines = _outline(spec.experiment)
    elif spec.script is not None:
        given = ", ".join(one.name for one in spec.script.arguments)
        arrays = ", ".join(f"{one.name} ({one.description})" for one in spec.script.outputs)
        lines = [f"{spec.script.entry}({given}), which returns {arrays}"]
    else:
        lines = [
            f"{one.name}({_told(one.arguments)}): {clip(one.description, _DESCRIPTION)}"
            for one in spec.functions
        ]
    return "\n".join(f"- {line}" for line in lines)


def _told(arguments: Sequence[Argument]) -> str:
    return ", ".join(f"{one.name}: {clip(one.description, _DESCRIPTION)}" for one in arguments)


def _outline(experiment: Experiment) -> list[str]:
    lines = []
    for path in sorted(set(experiment.files) - set(experiment.fixed)):
        tree = syntax_tree(experiment.files[path])
        constants, functions = [], []
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                constants.append(clip(ast.unparse(node), _VALUE))
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                says = clip(_first_line(node), _DOCSTRING)
                functions.append(f"{node.name}{f' ({says})' if says else ''}")
        parts = [_first_line(tree), ", ".join(constants), ", ".join(functions)]
        lines.append(f"{path}: {'; '.join(part for part in parts if part)}")
    return [*lines, "new files, for these to import"]


def _first_line(node: ast.Module | ast.FunctionDef | ast.ClassDef) -> str:
    said = ast.get_docstring(node) or ""
    return said.partition("\n")[0].rstrip(".")
