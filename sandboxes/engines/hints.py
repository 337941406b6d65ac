"""What to write instead, read from the code where the tracer can only say what is wrong.

The commonest slip of small models is a loss that reduces over the batch, and told only the shape
they repeat it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from templates.contract import FunctionSignature
from templates.syntax import syntax_tree

__all__ = ["reduction_hint"]

_REDUCTIONS = frozenset({"mean", "sum", "nanmean", "nansum", "average"})
_MODULES = frozenset({"jnp", "np", "numpy", "jax.numpy"})
_MAX_CHARACTERS = 400


def reduction_hint(code: str, signatures: Sequence[FunctionSignature]) -> str:
    """How to return one value per example, or "" where the code does not show it.

    Args:
        code: A module.
        signatures: Its functions; those that return a scalar by contract may reduce.

    Returns:
        A clause that follows the error, with the reducing line and the same line without its
        outermost reductions.
    """
    arrays = {signature.name for signature in signatures if signature.returns_shape}
    try:
        body = syntax_tree(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for function in body:
        if isinstance(function, ast.FunctionDef) and function.name in arrays:
            lines = [n for n in ast.walk(function) if isinstance(n, ast.Return | ast.Assign)]
            # What is returned decides; an assignment is blamed only if no return reduces.
            for line in sorted(lines, key=lambda n: isinstance(n, ast.Assign)):
                hint = _hint(line)
                if hint:
                    return hint
    return ""


def _hint(line: ast.Return | ast.Assign) -> str:
    before = ast.unparse(line)
    unreduced = _Unreduced()
    after = ast.unparse(unreduced.visit(line))
    if not unreduced.names or len(before) + len(after) > _MAX_CHARACTERS:
        return ""
    names = " and ".join(f"`{name}`" for name in dict.fromkeys(unreduced.names))
    return f"line {line.lineno} reduces with {names}: instead of `{before}` write `{after}`"


class _Unreduced(ast.NodeTransformer):
    """Replaces the outermost reductions over everything by what they reduce."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = node.func
        if not isinstance(called, ast.Attribute) or called.attr not in _REDUCTIONS or node.keywords:
            return self.generic_visit(node)
        module = ast.unparse(called.value) in _MODULES
        if len(node.args) != int(module):  # an axis, or not a reduction after all
            return self.generic_visit(node)
        self.names.append(ast.unparse(called))
        return node.args[0] if module else called.value
