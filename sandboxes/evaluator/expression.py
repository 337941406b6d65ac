"""Symbolic expressions for closed forms: node types, size and numeric evaluation.

SymPy's own ``Max``, ``Piecewise``, ``Abs`` or relations query assumptions while they are built,
which is unbounded on input that a stranger wrote. The node types here are inert functions; only
sums, products, powers, exponentials and logarithms are SymPy's. A truth value is an expression
that is 0 or 1, so a converted comparison is an indicator without further ado.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

__all__ = [
    "Both",
    "Ceiling",
    "Clip",
    "Either",
    "Equal",
    "Floor",
    "Less",
    "LessEqual",
    "LogSigmoid",
    "Magnitude",
    "Maximum",
    "Minimum",
    "Negation",
    "NodeBase",
    "Select",
    "Sigma",
    "Signum",
    "Softplus",
    "Tanh",
    "evaluate",
    "is_small",
]


class NodeBase(sp.Function):  # type: ignore[misc]
    """An inert function: nothing is computed when it is built.

    SymPy's printers look for a method of a base class only where its name ends in ``Base``.
    """


class Softplus(NodeBase):
    """``log(1 + exp(x))``."""


class LogSigmoid(NodeBase):
    """``log(sigma(x))``; only made for printing, `Softplus` is the working form."""


class Sigma(NodeBase):
    """The logistic function."""


class Tanh(NodeBase):
    """Hyperbolic tangent."""


class Magnitude(NodeBase):
    """Absolute value."""


class Signum(NodeBase):
    """Sign: -1, 0 or 1."""


class Floor(NodeBase):
    """Largest integer not above."""


class Ceiling(NodeBase):
    """Smallest integer not below."""


class Maximum(NodeBase):
    """The larger of two."""


class Minimum(NodeBase):
    """The smaller of two."""


class Clip(NodeBase):
    """``Clip(x, low, high)``."""


class Select(NodeBase):
    """``Select(condition, then, otherwise)``."""


class Less(NodeBase):
    """Truth value of ``a < b``."""


class LessEqual(NodeBase):
    """Truth value of ``a <= b``."""


class Equal(NodeBase):
    """Truth value of ``a = b``."""


class Both(NodeBase):
    """Conjunction of two truth values."""


class Either(NodeBase):
    """Disjunction of two truth values."""


class Negation(NodeBase):
    """Negation of a truth value."""


def is_small(expression: sp.Basic, *, max_nodes: int, max_depth: int = 60) -> bool:
    """Whether the expression, as a tree, keeps to these bounds (shared parts count each time)."""
    stack, count = [(expression, 1)], 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > max_nodes or depth > max_depth:
            return False
        stack.extend((argument, depth + 1) for argument in node.args)
    return True


def evaluate(
    expression: sp.Expr, values: Mapping[sp.Symbol, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Evaluate with NumPy in double precision.

    Args:
        expression: Built from the node types of this module.
        values: One array per free symbol; they broadcast against each other.

    Raises:
        ValueError: A node of another type occurs.
    """
    if isinstance(expression, sp.Symbol):
        return values[expression]
    if isinstance(expression, sp.Number | sp.NumberSymbol):
        return np.asarray(float(expression), dtype=np.float64)
    arguments = [evaluate(argument, values) for argument in expression.args]
    function = _NUMERIC.get(type(expression))
    if function is None:
        raise ValueError(f"cannot evaluate {expression.func.__name__}")
    return np.asarray(function(*arguments), dtype=np.float64)


def _sigma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0.0, -x))


_NUMERIC: dict[Any, Callable[..., Any]] = {
    sp.Add: lambda *terms: sum(terms[1:], terms[0]),
    sp.Mul: lambda *factors: np.prod(np.broadcast_arrays(*factors), axis=0),
    sp.Pow: np.power,
    sp.exp: np.exp,
    sp.log: np.log,
    sp.Abs: np.abs,
    Softplus: lambda x: np.logaddexp(0.0, x),
    LogSigmoid: lambda x: -np.logaddexp(0.0, -x),
    Sigma: _sigma,
    Tanh: np.tanh,
    Magnitude: np.abs,
    Signum: np.sign,
    Floor: np.floor,
    Ceiling: np.ceil,
    Maximum: np.maximum,
    Minimum: np.minimum,
    Clip: np.clip,
    Select: lambda condition, a, b: np.where(condition != 0, a, b),
    Less: np.less,
    LessEqual: np.less_equal,
    Equal: np.equal,
    Both: np.logical_and,
    Either: np.logical_or,
    Negation: np.logical_not,
}
