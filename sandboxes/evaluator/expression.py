"""Symbolic expressions for closed forms: node types, cheap rewrites and numeric evaluation.

SymPy's own ``Max``, ``Piecewise``, ``Abs`` or relations query assumptions while they are built,
which is unbounded on input that a stranger wrote. The node types here are inert functions; only
sums, products, powers, exponentials and logarithms are SymPy's. A truth value is an expression
that is 0 or 1, so a converted comparison is an indicator without further ado.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "Select",
    "Sigma",
    "Signum",
    "Softplus",
    "Tanh",
    "abbreviate",
    "evaluate",
    "rebuild",
    "tidy",
    "tree_size",
]


class Softplus(sp.Function):
    """``log(1 + exp(x))``."""


class LogSigmoid(sp.Function):
    """``log(sigma(x))``; only made for printing, `Softplus` is the working form."""


class Sigma(sp.Function):
    """The logistic function."""


class Tanh(sp.Function):
    """Hyperbolic tangent."""


class Magnitude(sp.Function):
    """Absolute value."""


class Signum(sp.Function):
    """Sign: -1, 0 or 1."""


class Floor(sp.Function):
    """Largest integer not above."""


class Ceiling(sp.Function):
    """Smallest integer not below."""


class Maximum(sp.Function):
    """The larger of two."""


class Minimum(sp.Function):
    """The smaller of two."""


class Clip(sp.Function):
    """``Clip(x, low, high)``."""


class Select(sp.Function):
    """``Select(condition, then, otherwise)``."""


class Less(sp.Function):
    """Truth value of ``a < b``."""


class LessEqual(sp.Function):
    """Truth value of ``a <= b``."""


class Equal(sp.Function):
    """Truth value of ``a = b``."""


class Both(sp.Function):
    """Conjunction of two truth values."""


class Either(sp.Function):
    """Disjunction of two truth values."""


class Negation(sp.Function):
    """Negation of a truth value."""


_ONE, _ZERO = sp.S.One, sp.S.Zero
_COMPARISONS = {
    Less: lambda a, b: a < b,
    LessEqual: lambda a, b: a <= b,
    Equal: lambda a, b: a == b,
}


def tree_size(expression: sp.Basic, limit: int) -> int:
    """Number of nodes of the expression as a tree, counted up to ``limit`` + 1."""
    stack, count = [expression], 0
    while stack and count <= limit:
        count += 1
        stack.extend(stack.pop().args)
    return count


def tidy(node: sp.Expr) -> sp.Expr:
    """Apply the local rewrites whose left side is rooted at this node.

    Its arguments are taken to be tidy already; the result equals the node wherever the node is
    finite and no argument is NaN.
    """
    match node:
        case sp.Add():
            return _tidy_sum(node)
        case sp.Mul():
            return _tidy_product(node)
        case sp.Pow():
            return _tidy_power(node)
        case sp.log():
            return _tidy_log(node)
        case sp.exp():
            coefficient, inner = node.args[0].as_coeff_Mul()
            if isinstance(inner, Softplus) and coefficient == -1:
                return Sigma(-inner.args[0])
            return node
        case Select():
            return _tidy_select(*node.args)
        case Less() | LessEqual() | Equal():
            return _tidy_comparison(node)
        case Both() | Either() | Negation():
            return _tidy_logic(node)
        case Maximum() | Minimum():
            return _tidy_extremum(node)
        case Magnitude() | Signum() if node.args[0].is_Rational:
            value = node.args[0]
            return abs(value) if isinstance(node, Magnitude) else sp.sign(value)
        case Magnitude() if node.args[0].could_extract_minus_sign():
            return Magnitude(-node.args[0])
    return node


def rebuild(expression: sp.Expr) -> sp.Expr:
    """The expression with every node tidied, from the leaves up."""
    if not expression.args:
        return expression
    return tidy(expression.func(*(rebuild(argument) for argument in expression.args)))


def _tidy_sum(node: sp.Add) -> sp.Expr:
    """``max(a, b) + log(1 + e^-|a - b|)`` is how a stable ``log(e^a + e^b)`` is computed."""
    for maximum in node.args:
        if not isinstance(maximum, Maximum):
            continue
        a, b = maximum.args
        for tail in node.args:
            if not isinstance(tail, Softplus):
                continue
            coefficient, inner = tail.args[0].as_coeff_Mul()
            if coefficient != -1 or not isinstance(inner, Magnitude):
                continue
            distance = inner.args[0]
            if distance not in (a - b, b - a):
                continue
            if a == 0 or b == 0:
                joined = Softplus(b if a == 0 else a)
            else:
                joined = sp.log(sp.exp(a) + sp.exp(b))
            return node - maximum - tail + joined
    return node


def _one_plus_exp(base: sp.Expr) -> sp.Expr | None:
    """``u`` where the base is ``1 + exp(u)``."""
    if isinstance(base, sp.Add) and len(base.args) == 2 and base.args[0] == 1:
        inner = base.args[1]
        if isinstance(inner, sp.exp):
            return inner.args[0]
    return None


def _tidy_power(node: sp.Pow) -> sp.Expr:
    base, exponent = node.args
    inner = _one_plus_exp(base)
    if inner is not None and exponent.is_Integer and exponent < 0:
        return Sigma(-inner) ** (-exponent)
    return node


def _tidy_product(node: sp.Mul) -> sp.Expr:
    """``e^u / (1 + e^u)``, after the quotient has become ``e^u sigma(-u)``."""
    for factor in node.args:
        if isinstance(factor, sp.exp):
            other = Sigma(-factor.args[0])
            if other in node.args:
                return node / factor / other * Sigma(factor.args[0])
        if isinstance(factor, sp.Pow):
            replaced = _tidy_power(factor)
            if replaced != factor:
                return _tidy_product_or_leaf(node / factor * replaced)
    return node


def _tidy_product_or_leaf(node: sp.Expr) -> sp.Expr:
    return _tidy_product(node) if isinstance(node, sp.Mul) else node


def _tidy_log(node: sp.Expr) -> sp.Expr:
    argument = node.args[0]
    inner = _one_plus_exp(argument)
    if inner is not None:
        return Softplus(inner)
    if isinstance(argument, Sigma):
        return -Softplus(-argument.args[0])
    complement = 1 - argument
    if isinstance(complement, Sigma):
        return -Softplus(complement.args[0])
    return node


def _tidy_select(condition: sp.Expr, then: sp.Expr, otherwise: sp.Expr) -> sp.Expr:
    if condition == 1 or then == otherwise:
        return then
    if condition == 0:
        return otherwise
    if isinstance(condition, Negation):
        return _tidy_select(condition.args[0], otherwise, then)
    if then.is_Rational and otherwise.is_Rational:
        return otherwise + (then - otherwise) * condition
    if isinstance(condition, Less | LessEqual):
        low, high = condition.args
        if (then, otherwise) == (high, low):
            return tidy(Maximum(low, high))
        if (then, otherwise) == (low, high):
            return tidy(Minimum(low, high))
    return Select(condition, then, otherwise)


def _tidy_comparison(node: sp.Expr) -> sp.Expr:
    a, b = node.args
    if a.is_Rational and b.is_Rational:
        return _ONE if _COMPARISONS[node.func](a, b) else _ZERO
    if a == b:
        return _ZERO if isinstance(node, Less) else _ONE
    # Infinity only enters as a literal, and arguments are finite.
    if a is sp.oo or b is -sp.oo or (isinstance(node, Equal) and not (a.is_finite or b.is_finite)):
        return _ZERO
    if a is -sp.oo or b is sp.oo:
        return _ZERO if isinstance(node, Equal) else _ONE
    return node


def _tidy_logic(node: sp.Expr) -> sp.Expr:
    if isinstance(node, Negation):
        inner = node.args[0]
        if inner.is_Integer:
            return _ONE - inner
        if isinstance(inner, Negation):
            return inner.args[0]
        if isinstance(inner, Less):
            return LessEqual(inner.args[1], inner.args[0])
        if isinstance(inner, LessEqual):
            return Less(inner.args[1], inner.args[0])
        return node
    a, b = node.args
    neutral = _ONE if isinstance(node, Both) else _ZERO
    if a == b or b == neutral:
        return a
    if a == neutral:
        return b
    return _ONE - neutral if (_ONE - neutral) in (a, b) else node


def _tidy_extremum(node: sp.Expr) -> sp.Expr:
    a, b = node.args
    largest = isinstance(node, Maximum)
    if a == b:
        return a
    if a.is_Rational and b.is_Rational:
        return max(a, b) if largest else min(a, b)
    for one, other in ((a, b), (b, a)):
        if one.is_infinite:
            return other if (one is -sp.oo) == largest else one
    bounded = {Maximum, Minimum} - {node.func}
    for one, other in ((a, b), (b, a)):
        if one.is_Rational and other.func in bounded:
            for bound, inner in (other.args, other.args[::-1]):
                if bound.is_Rational and (bound >= one if not largest else bound <= one):
                    break
                if bound.is_Rational:
                    low, high = (one, bound) if largest else (bound, one)
                    return Clip(inner, low, high)
    # Constants last, so that printing and matching see one order.
    return node.func(b, a) if a.is_Rational else node


def abbreviate(
    expression: sp.Expr, symbol: sp.Symbol, combination: Mapping[sp.Symbol, sp.Expr]
) -> sp.Expr:
    """Write ``symbol`` wherever a sum holds a multiple of a linear combination.

    Args:
        expression: What to rewrite.
        symbol: Stands for the combination.
        combination: Coefficient (a number) of each argument symbol in it.

    Returns:
        The expression with every sum rewritten whose linear part in those argument symbols is
        exactly a multiple of the combination; the outermost sums come first.
    """
    if isinstance(expression, sp.Add):
        replaced = _abbreviate_sum(expression, symbol, combination)
        if replaced is not None:
            expression = replaced
    if isinstance(expression, Less | LessEqual | Equal):
        difference = expression.args[0] - expression.args[1]
        if isinstance(difference, sp.Add):
            replaced = _abbreviate_sum(difference, symbol, combination)
            if replaced is not None:
                return expression.func(replaced, _ZERO)
    if not expression.args or expression.free_symbols.isdisjoint(combination):
        return expression
    return tidy(
        expression.func(*(abbreviate(part, symbol, combination) for part in expression.args))
    )


def _abbreviate_sum(
    total: sp.Expr, symbol: sp.Symbol, combination: Mapping[sp.Symbol, sp.Expr]
) -> sp.Expr | None:
    linear: dict[sp.Symbol, list[sp.Expr]] = {name: [] for name in combination}
    rest = []
    for term in sp.Add.make_args(sp.expand_mul(total, deep=False)):
        factors = sp.Mul.make_args(term)
        names = [factor for factor in factors if factor in combination]
        others = [factor for factor in factors if factor not in combination]
        if len(names) == 1 and all(f.free_symbols.isdisjoint(combination) for f in others):
            linear[names[0]].append(sp.Mul(*others))
        else:
            rest.append(term)
    multiples = {sp.Add(*linear[name]) / share for name, share in combination.items()}
    if len(multiples) != 1 or multiples == {_ZERO}:
        return None
    return sp.Add(multiples.pop() * symbol, *rest)


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
    if expression.is_number and isinstance(expression, sp.Number):
        return np.asarray(float(expression), dtype=np.float64)
    arguments = [evaluate(argument, values) for argument in expression.args]
    function = _NUMERIC.get(expression.func)
    if function is None:
        raise ValueError(f"cannot evaluate {expression.func.__name__}")
    return np.asarray(function(*arguments), dtype=np.float64)


def _sigma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0.0, -x))


_NUMERIC = {
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
