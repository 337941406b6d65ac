"""Cheap rewrites of closed forms: each looks at one node and its direct arguments.

Nothing here searches: SymPy's ``simplify`` has no bound on its time, these have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from sandboxes.evaluator.expression import (
    Both,
    Clip,
    Either,
    Equal,
    Less,
    LessEqual,
    Magnitude,
    Maximum,
    Minimum,
    Negation,
    Select,
    Sigma,
    Signum,
    Softplus,
)

__all__ = ["abbreviate", "multiply_out", "rebuild", "tidy"]

_ONE, _ZERO = sp.S.One, sp.S.Zero
_COMPARISONS: dict[Any, Callable[[Any, Any], Any]] = {
    Less: lambda a, b: a < b,
    LessEqual: lambda a, b: a <= b,
    Equal: lambda a, b: a == b,
}


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
            if isinstance(node, Signum):
                return sp.Integer(bool(value > 0) - bool(value < 0))
            return abs(value)
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
    if isinstance(base, Magnitude) and exponent.is_Integer and exponent.is_even:
        return base.args[0] ** exponent
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
    # The guarded-branch idiom asks the same question again inside a branch.
    then, otherwise = (
        branch.xreplace(
            {
                inner: inner.args[which]
                for inner in branch.atoms(Select)
                if inner.args[0] == condition
            }
        )
        for branch, which in ((then, 1), (otherwise, 2))
    )
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
        return _ONE if _COMPARISONS[type(node)](a, b) else _ZERO
    if a == b:
        return _ZERO if isinstance(node, Less) else _ONE
    # Infinity only enters as a literal, and arguments are finite.
    infinite = {sp.oo, -sp.oo} & {a, b}
    if infinite and isinstance(node, Equal):
        return _ZERO
    if infinite:
        return _ONE if a is -sp.oo or b is sp.oo else _ZERO
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
        if one in (sp.oo, -sp.oo):
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


def multiply_out(total: sp.Expr) -> sp.Expr:
    """Products of sums in a sum, written as one flat sum; what is inside functions stays."""
    terms = sp.Add.make_args(total)
    return sp.Add(*(sp.expand_mul(term, deep=False) for term in terms))


def _abbreviate_sum(
    total: sp.Expr, symbol: sp.Symbol, combination: Mapping[sp.Symbol, sp.Expr]
) -> sp.Expr | None:
    linear: dict[sp.Symbol, list[sp.Expr]] = {name: [] for name in combination}
    rest = []
    for term in sp.Add.make_args(multiply_out(total)):
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
