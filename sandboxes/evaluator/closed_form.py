"""A closed form of a program, where every operation of it is elementwise.

The expression is derived from the operations of the verified module alone: symbol names, debug
locations and composite names were written by an untrusted process and are not read, except to
follow a call to the function that it links to. Whatever is derived is shown only after `agrees`
has compared it with the program's own outputs.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from sandboxes.evaluator.elementwise import NotElementwiseError, interpret
from sandboxes.evaluator.expression import evaluate, is_small
from sandboxes.evaluator.jax_private import ir
from sandboxes.evaluator.printing import to_latex, to_sympy
from sandboxes.evaluator.rewrite import abbreviate, rebuild

__all__ = ["Abbreviation", "ArgumentSymbol", "ClosedForm", "agrees", "closed_form"]

_MAX_LATEX_CHARACTERS = 700
_RELATIVE_TOLERANCE = 2e-5
_PERTURBATION = 2.0**-22


@dataclass(frozen=True)
class ArgumentSymbol:
    """How an argument is written.

    Args:
        name: Name of the argument in the signature.
        latex: How it is printed.
    """

    name: str
    latex: str


@dataclass(frozen=True)
class Abbreviation:
    """A linear combination of arguments that has a name of its own.

    Args:
        latex: How it is printed, for example ``\\rho``.
        expression: Sums and differences of argument names, with numeric factors.
    """

    latex: str
    expression: str


@dataclass(frozen=True)
class ClosedForm:
    """What a program computes, as one expression.

    Args:
        latex: For readers, with abbreviations where the expression depends on them alone.
        sympy: The same expression for SymPy's parser, which must be given the argument names as
            symbols (``beta`` is a function to it otherwise).
        arguments: Argument names in the order of the signature.
    """

    latex: str
    sympy: str
    arguments: tuple[str, ...]
    expression: sp.Expr = field(repr=False, compare=False)


def closed_form(
    module: ir.Module,
    arguments: Sequence[ArgumentSymbol],
    abbreviations: Sequence[Abbreviation] = (),
    *,
    time_limit_s: float = 2.0,
    max_operations: int = 500,
    max_nodes: int = 400,
) -> ClosedForm | None:
    """Derive a closed form.

    Args:
        module: A verified StableHLO module of a function that was vmapped over a population.
        arguments: One entry per argument of the function, in order.
        abbreviations: Tried in order on every sum; the first that fits wins.
        time_limit_s: Checked between operations.
        max_operations: Operations after calls are followed.
        max_nodes: Size of the expression as a tree, at any point.

    Returns:
        The form, or None where an operation mixes elements, has no expression or a bound is
        passed. It has not been compared with the program yet: see `agrees`.

    Raises:
        ValueError: An abbreviation is not a linear combination of the arguments.
    """
    symbols = [sp.Symbol(argument.name, real=True) for argument in arguments]
    combinations = [
        # SymPy orders by name: this puts them after the arguments, as in \beta\rho.
        (sp.Symbol(f"~{index}", real=True), _linear(entry.expression, symbols))
        for index, entry in enumerate(abbreviations)
    ]
    deadline = time.monotonic() + time_limit_s
    try:
        raw = interpret(
            module,
            symbols,
            deadline=deadline,
            max_operations=max_operations,
            max_nodes=max_nodes,
        )
    except NotElementwiseError:
        return None
    short = raw
    for symbol, combination in combinations:
        short = abbreviate(short, symbol, combination)
        if time.monotonic() > deadline or not is_small(short, max_nodes=max_nodes):
            return None
    short = rebuild(short)
    if short.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        return None
    names = {
        symbol: argument.latex for symbol, argument in zip(symbols, arguments, strict=True)
    } | {
        symbol: entry.latex for (symbol, _), entry in zip(combinations, abbreviations, strict=True)
    }
    text = to_latex(short, names)
    if len(text) > _MAX_LATEX_CHARACTERS:
        return None
    full = short.xreplace({symbol: _combine(combination) for symbol, combination in combinations})
    return ClosedForm(text, to_sympy(full), tuple(argument.name for argument in arguments), full)


def agrees(
    form: ClosedForm, probes: Sequence[Sequence[ArrayLike]], outputs: Sequence[ArrayLike]
) -> bool:
    """Whether the form yields what the program yielded, at float32 accuracy.

    The allowed difference is relative, plus what rounding each input once would change; the form
    is evaluated in double precision. Where the program's output is not finite, so must be the
    form's.

    Args:
        form: From `closed_form`.
        probes: Argument arrays, ``[population]`` or ``[population, batch]`` each.
        outputs: The program's result on each probe, ``[population, batch]``.
    """
    checked = 0
    for arguments, output in zip(probes, outputs, strict=True):
        got = np.asarray(output, dtype=np.float64)
        values = _aligned(form.arguments, arguments, got.ndim)
        with np.errstate(all="ignore"):
            want = np.broadcast_to(evaluate(form.expression, values), got.shape)
            slack = np.zeros(got.shape)
            for symbol, array in values.items():
                for factor in (1 + _PERTURBATION, 1 - _PERTURBATION):
                    moved = evaluate(form.expression, {**values, symbol: array * factor})
                    change = np.abs(moved - want)
                    slack = slack + np.where(np.isfinite(change), change, 0.0)
        finite = np.isfinite(got)
        # A finite double may overflow in the program's float32.
        beyond = ~np.isfinite(want) | (np.abs(want) > np.finfo(np.float32).max)
        if not np.array_equal(~finite, beyond):
            return False
        allowed = _RELATIVE_TOLERANCE * (np.abs(want) + 1.0) + 4 * slack
        if np.any(np.abs(got - want)[finite] > allowed[finite]):
            return False
        checked += int(finite.sum())
    return checked > 0


def _aligned(
    names: Sequence[str], arguments: Sequence[ArrayLike], rank: int
) -> dict[sp.Symbol, np.ndarray]:
    """Arrays by symbol, with trailing axes added so that the population axes line up."""
    values = {}
    for name, argument in zip(names, arguments, strict=True):
        array = np.asarray(argument, dtype=np.float64)
        values[sp.Symbol(name, real=True)] = array.reshape(array.shape + (1,) * (rank - array.ndim))
    return values


def _combine(combination: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return sp.Add(*(share * symbol for symbol, share in combination.items()))


def _linear(text: str, symbols: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
    """Coefficients of a linear combination that is written as a Python expression."""
    known = {symbol.name: symbol for symbol in symbols}

    def walk(node: ast.expr) -> sp.Expr:
        match node:
            case ast.Name(id=name) if name in known:
                return known[name]
            case ast.Constant(value=int() | float() as value):
                return sp.Rational(str(value))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -walk(operand)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return walk(left) + walk(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return walk(left) - walk(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return walk(left) * walk(right)
        raise ValueError(f"not a linear combination of {sorted(known)}: {text!r}")

    total = sp.expand(walk(ast.parse(text, mode="eval").body))
    combination = {symbol: total.coeff(symbol) for symbol in total.free_symbols}
    shares_are_numbers = all(share.is_Rational for share in combination.values())
    if not combination or not shares_are_numbers or sp.expand(total - _combine(combination)) != 0:
        raise ValueError(f"not a linear combination of {sorted(known)}: {text!r}")
    return combination
