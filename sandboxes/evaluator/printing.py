"""Closed forms as LaTeX for readers and as text for SymPy's parser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from sandboxes.evaluator.expression import LogSigmoid, NodeBase, Softplus

__all__ = ["to_latex", "to_sympy"]

# Fractions that read better than their decimals.
_PLAIN_DENOMINATORS = frozenset({1, 2, 3, 4})
_LARGEST_PLAIN_INTEGER = 10_000


def to_latex(expression: sp.Expr, names: Mapping[sp.Symbol, str]) -> str:
    """Print an expression.

    Args:
        expression: Built from the node types of `sandboxes.evaluator.expression`.
        names: LaTeX of each symbol.
    """
    printed: str = _LatexPrinter({"symbol_names": dict(names)}).doprint(_for_readers(expression))
    return printed


def _for_readers(expression: sp.Expr) -> sp.Expr:
    """Decimals for awkward fractions, ``-log sigma(x)`` for ``log(1 + e^-x)``."""
    if isinstance(expression, sp.Rational):
        plain = expression.q in _PLAIN_DENOMINATORS and abs(expression.p) <= _LARGEST_PLAIN_INTEGER
        return expression if plain else sp.Float(repr(float(expression)), 15)
    if not expression.args:
        return expression
    arguments = [_for_readers(argument) for argument in expression.args]
    if isinstance(expression, Softplus):
        coefficient, _ = arguments[0].as_coeff_Mul()
        if coefficient.is_negative:
            return -LogSigmoid(-arguments[0])
    return expression.func(*arguments)


def to_sympy(expression: sp.Expr) -> str:
    """Text from which SymPy's parser makes the same expression out of its own functions.

    Args:
        expression: Built from the node types of `sandboxes.evaluator.expression`.
    """
    printed: str = _TextPrinter().doprint(expression)
    return printed


_TEMPLATES = {
    "Softplus": "log(1 + exp({0}))",
    "Sigma": "(1/(1 + exp(-({0}))))",
    "Tanh": "tanh({0})",
    "Magnitude": "Abs({0})",
    "Signum": "sign({0})",
    "Floor": "floor({0})",
    "Ceiling": "ceiling({0})",
    "Maximum": "Max({0}, {1})",
    "Minimum": "Min({0}, {1})",
    "Clip": "Max({1}, Min({2}, {0}))",
}
_CONDITIONS = {
    "Less": "({0}) < ({1})",
    "LessEqual": "({0}) <= ({1})",
    "Equal": "Eq({0}, {1})",
}
_CONNECTIVES = {"Both": "And({0}, {1})", "Either": "Or({0}, {1})", "Negation": "Not({0})"}


class _TextPrinter(StrPrinter):  # type: ignore[misc]
    def _print_NodeBase(self, expression: NodeBase) -> str:  # noqa: N802 (called by SymPy by this name)
        name = type(expression).__name__
        if name in _CONDITIONS or name in _CONNECTIVES:
            return f"Piecewise((1, {self._truth(expression)}), (0, True))"
        if name == "Select":
            condition, then, otherwise = expression.args
            return (
                f"Piecewise(({self._print(then)}, {self._truth(condition)}), "
                f"({self._print(otherwise)}, True))"
            )
        return _TEMPLATES[name].format(*(self._print(part) for part in expression.args))

    def _truth(self, expression: sp.Expr) -> str:
        name = type(expression).__name__
        if name in _CONDITIONS:
            return _CONDITIONS[name].format(*(self._print(part) for part in expression.args))
        if name in _CONNECTIVES:
            return _CONNECTIVES[name].format(*(self._truth(part) for part in expression.args))
        return f"Ne({self._print(expression)}, 0)"


_FUNCTIONS = {
    "Sigma": r"\sigma",
    "Tanh": r"\tanh",
    "Signum": r"\operatorname{sign}",
    "Clip": r"\operatorname{clip}",
    "Maximum": r"\max",
    "Minimum": r"\min",
}
_BRACKETS = {
    "Magnitude": (r"\left|", r"\right|"),
    "Floor": (r"\lfloor ", r" \rfloor"),
    "Ceiling": (r"\lceil ", r" \rceil"),
}
_RELATIONS = {"Less": ("<", ">"), "LessEqual": (r"\leq", r"\geq"), "Equal": ("=", "=")}


class _LatexPrinter(LatexPrinter):  # type: ignore[misc]
    """SymPy's printer with the node types of closed forms.

    Methods take ``exp`` because SymPy prints a power of a function through the function.
    """

    def parenthesize(
        self, item: sp.Expr, level: int, is_neg: bool = False, strict: bool = False
    ) -> str:
        """In a power, ``log r`` needs brackets as a sum does."""
        if self._is_applied(item) and level >= PRECEDENCE["Pow"]:
            return rf"\left({self._print(item)}\right)"
        return str(super().parenthesize(item, level, is_neg=is_neg, strict=strict))

    def _is_applied(self, expression: sp.Expr) -> bool:
        """Whether a symbol's name is a function of something, such as ``log r``."""
        name = self._settings["symbol_names"].get(expression, "")
        return bool(name.startswith(r"\log "))

    def _print_NodeBase(self, expression: NodeBase, exp: str | None = None) -> str:  # noqa: N802
        name = type(expression).__name__
        power = "" if exp is None else f"^{{{exp}}}"
        parts = expression.args
        if name in _BRACKETS:
            opening, closing = _BRACKETS[name]
            return f"{opening}{self._print(parts[0])}{closing}{power}"
        if name == "Softplus":
            return rf"\log{power}\left(1 + {self._print(sp.exp(parts[0]))}\right)"
        if name == "LogSigmoid":
            return rf"\log{power} \sigma\left({self._print(parts[0])}\right)"
        if name == "Select":
            text = self._cases(expression)
            return text if exp is None else rf"\left({text}\right){power}"
        if name not in _FUNCTIONS:
            return rf"\mathbf{{1}}\left[{self._condition(expression)}\right]{power}"
        if name in {"Maximum", "Minimum"}:
            parts = sorted(parts, key=lambda part: not part.is_number)
        inner = ", ".join(self._print(part) for part in parts)
        return rf"{_FUNCTIONS[name]}{power}\left({inner}\right)"

    def _condition(self, expression: sp.Expr) -> str:
        name, parts = type(expression).__name__, expression.args
        if name in _RELATIONS:
            if all(part.is_number or part.could_extract_minus_sign() for part in parts):
                parts = (-parts[1], -parts[0])  # -x < 0 reads better as x > 0
            sign, mirrored = _RELATIONS[name]
            if parts[0].is_number and not parts[1].is_number:
                sign, parts = mirrored, parts[::-1]
            return f"{self._print(parts[0])} {sign} {self._print(parts[1])}"
        if name in {"Both", "Either"}:
            word = {"Both": r"\wedge", "Either": r"\vee"}[name]
            return f" {word} ".join(rf"\left({self._condition(part)}\right)" for part in parts)
        if name == "Negation":
            return rf"\neg \left({self._condition(parts[0])}\right)"
        # Any other expression is true where it is not zero.
        return rf"{self._print(expression)} \neq 0"

    def _cases(self, expression: sp.Expr) -> str:
        rows, rest = [], expression
        while type(rest).__name__ == "Select":
            condition, then, rest = rest.args
            rows.append(rf"{self._print(then)} & \text{{if }} {self._condition(condition)}")
        rows.append(rf"{self._print(rest)} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"

    def _print_log(self, expression: sp.Expr, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\log{power}\left({self._print(expression.args[0])}\right)"

    def _print_Float(self, expression: sp.Float) -> str:  # noqa: N802
        text = format(float(expression), ".6g")
        mantissa, _, exponent = text.partition("e")
        if not exponent:
            return mantissa
        power = rf"10^{{{int(exponent)}}}"
        return power if mantissa == "1" else rf"{mantissa} \cdot {power}"

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order=order)
        # 1 - x rather than -x + 1.
        first = next((term for term in terms if not term.could_extract_minus_sign()), terms[0])
        return [first, *(term for term in terms if term is not first)]

    def _needs_mul_brackets(self, expr: Any, first: bool = False, last: bool = False) -> bool:
        # A case distinction swallows what follows it unless it is bracketed, and so does log r.
        if type(expr).__name__ == "Select" or (self._is_applied(expr) and not last):
            return True
        return bool(super()._needs_mul_brackets(expr, first=first, last=last))
