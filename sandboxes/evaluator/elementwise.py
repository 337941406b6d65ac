"""Interpret the operations of an elementwise program over symbolic expressions.

Each value is one expression and, for every axis, which axis of the arguments it runs along. Two
values may only be combined where their axes agree, so an element of the result can depend on
nothing but the same element of the arguments.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from sandboxes.evaluator import expression as ex
from sandboxes.evaluator.jax_private import ir
from sandboxes.evaluator.rewrite import multiply_out, tidy

__all__ = ["NotElementwiseError", "interpret"]

_MAX_CALL_DEPTH = 24
_MAX_COEFFICIENT_BITS = 192
_MAX_EXPONENT = 32
_FLOAT32_END = 2**128


class NotElementwiseError(Exception):
    """The program has no elementwise expression, or none within the bounds."""


@dataclass(frozen=True)
class _Value:
    """A symbolic array.

    ``axes`` has an entry per axis: the argument axis it runs along, or None where the value does
    not change along it.
    """

    expression: sp.Expr
    shape: tuple[int, ...]
    axes: tuple[int | None, ...]


def interpret(
    module: ir.Module,
    symbols: Sequence[sp.Symbol],
    *,
    deadline: float,
    max_operations: int,
    max_nodes: int,
) -> sp.Expr:
    """The expression of the module's result in the symbols of its arguments.

    Args:
        module: Its entry function has one argument per symbol and one result.
        symbols: Real symbols, in the order of the arguments.
        deadline: `time.monotonic` seconds.
        max_operations: After calls are followed.
        max_nodes: Largest expression at any point, counted as a tree.

    Raises:
        NotElementwiseError: There is none, or a bound was passed.
    """
    functions = {
        ir.StringAttr(entry.attributes["sym_name"]).value: entry
        for entry in module.body.operations
        if entry.operation.name == "func.func"
    }
    if "main" not in functions:
        raise NotElementwiseError("no entry function")
    interpreter = _Interpreter(functions, deadline, max_operations, max_nodes)
    types = [argument.type for argument in functions["main"].regions[0].blocks[0].arguments]
    if len(types) != len(symbols):
        raise NotElementwiseError(f"{len(types)} arguments, {len(symbols)} symbols")
    values = []
    for symbol, kind in zip(symbols, types, strict=True):
        shape = _shape(kind)
        axes = tuple(axis if size > 1 else None for axis, size in enumerate(shape))
        values.append(_Value(symbol, shape, axes))
    results = interpreter.call("main", values, depth=0)
    if len(results) != 1:
        raise NotElementwiseError(f"{len(results)} results")
    if any(axis not in (None, position) for position, axis in enumerate(results[0].axes)):
        raise NotElementwiseError("the result's axes are not those of the arguments")
    return results[0].expression


def _shape(kind: ir.Type) -> tuple[int, ...]:
    if not isinstance(kind, ir.RankedTensorType) or not kind.has_static_shape:
        raise NotElementwiseError(f"type {kind}")
    return tuple(kind.shape)


class _Interpreter:
    def __init__(
        self,
        functions: dict[str, ir.OpView],
        deadline: float,
        max_operations: int,
        max_nodes: int,
    ) -> None:
        self._functions = functions
        self._deadline = deadline
        self._operations_left = max_operations
        self._max_nodes = max_nodes

    def call(self, name: str, arguments: Sequence[_Value], depth: int) -> list[_Value]:
        """Follow a call; the name is only a link, the body is what counts."""
        if depth > _MAX_CALL_DEPTH or name not in self._functions:
            raise NotElementwiseError("call too deep or to nowhere")
        blocks = self._functions[name].regions[0].blocks
        if len(blocks) != 1:
            raise NotElementwiseError("control flow")
        known: dict[Any, _Value] = dict(zip(blocks[0].arguments, arguments, strict=True))
        for view in blocks[0].operations:
            operation = view.operation
            self._operations_left -= 1
            if self._operations_left < 0 or time.monotonic() > self._deadline:
                raise NotElementwiseError("too many operations, or out of time")
            operands = [known[operand] for operand in operation.operands]
            if operation.name in {"func.return", "stablehlo.return"}:
                return operands
            if operation.name == "func.call":
                callee = ir.FlatSymbolRefAttr(operation.attributes["callee"]).value
                results = self.call(callee, operands, depth + 1)
            elif operation.name == "stablehlo.optimization_barrier":
                results = operands
            elif operation.name == "stablehlo.composite":
                callee = ir.FlatSymbolRefAttr(operation.attributes["decomposition"]).value
                results = self.call(callee, operands, depth + 1)
            else:
                results = [self._apply(operation, operands)]
            known.update(zip(operation.results, results, strict=True))
        raise NotElementwiseError("a function without a return")

    def _apply(self, operation: ir.Operation, operands: Sequence[_Value]) -> _Value:
        if len(operation.results) != 1 or len(operation.regions) > 0:
            raise NotElementwiseError(operation.name)
        kind = operation.results[0].type
        shape = _shape(kind)
        name = operation.name.removeprefix("stablehlo.")
        if name == "constant":
            return _Value(_constant(operation.attributes["value"]), shape, (None,) * len(shape))
        if name == "broadcast_in_dim":
            return _broadcast(operation, operands[0], shape)
        if name == "reshape":
            return _reshape(operands[0], shape)
        if name == "transpose":
            permutation = list(ir.DenseI64ArrayAttr(operation.attributes["permutation"]))
            axes = tuple(operands[0].axes[axis] for axis in permutation)
            return _Value(operands[0].expression, shape, axes)
        inputs = [operand.expression for operand in operands]
        if name == "compare":
            result = _compare(operation, *inputs)
        elif name == "convert":
            result = _convert(operation, inputs[0])
        else:
            rule = _RULES.get(name)
            if rule is None or (_is_integer(kind) and name not in _INTEGER_SAFE):
                raise NotElementwiseError(operation.name)
            result = rule(*inputs)
        return _Value(self._bounded(tidy(result)), shape, _join(operands, shape))

    def _bounded(self, result: sp.Expr) -> sp.Expr:
        if not ex.is_small(result, max_nodes=self._max_nodes):
            raise NotElementwiseError("the expression is too large")
        if result.has(sp.I, sp.nan, sp.zoo):
            raise NotElementwiseError("not a real number")
        if not result.free_symbols and not isinstance(result, sp.Number):
            # Folded in floating point: exact powers of constants could be astronomically large.
            with np.errstate(all="ignore"):
                result = _number(float(np.float32(ex.evaluate(result, {}))))
            if result in (sp.oo, -sp.oo):
                raise NotElementwiseError("a constant that overflows")
        for number in result.atoms(sp.Rational):
            bits = max(int(number.p).bit_length(), int(number.q).bit_length())
            # Exact arithmetic on coefficients must not grow without bound.
            if bits > _MAX_COEFFICIENT_BITS or abs(number) >= _FLOAT32_END:
                raise NotElementwiseError("a coefficient has too many digits")
        return result


def _join(operands: Sequence[_Value], shape: tuple[int, ...]) -> tuple[int | None, ...]:
    joined: list[int | None] = [None] * len(shape)
    for operand in operands:
        if not operand.axes:
            continue  # a scalar predicate or bound, the same for every element
        for position, axis in enumerate(operand.axes):
            if axis is None:
                continue
            if joined[position] not in (None, axis):
                raise NotElementwiseError("elements of different axes are combined")
            joined[position] = axis
    return tuple(joined)


def _broadcast(operation: ir.Operation, operand: _Value, shape: tuple[int, ...]) -> _Value:
    axes: list[int | None] = [None] * len(shape)
    targets = list(ir.DenseI64ArrayAttr(operation.attributes["broadcast_dimensions"]))
    for source, target in enumerate(targets):
        axes[target] = operand.axes[source]
    return _Value(operand.expression, shape, tuple(axes))


def _reshape(operand: _Value, shape: tuple[int, ...]) -> _Value:
    """Axes of size one may come and go; anything else rearranges elements."""
    if all(axis is None for axis in operand.axes):
        return _Value(operand.expression, shape, (None,) * len(shape))
    pairs = zip(operand.shape, operand.axes, strict=True)
    kept = [(size, axis) for size, axis in pairs if size > 1]
    if [size for size, _ in kept] != [size for size in shape if size > 1]:
        raise NotElementwiseError("reshape")
    order = iter(kept)
    return _Value(
        operand.expression, shape, tuple(next(order)[1] if size > 1 else None for size in shape)
    )


def _is_integer(kind: ir.Type) -> bool:
    element = ir.RankedTensorType(kind).element_type
    return isinstance(element, ir.IntegerType) and element.width > 1


def _is_truth(kind: ir.Type) -> bool:
    element = ir.RankedTensorType(kind).element_type
    return isinstance(element, ir.IntegerType) and element.width == 1


def _constant(attribute: ir.Attribute) -> sp.Expr:
    if not isinstance(attribute, ir.DenseElementsAttr) or not attribute.is_splat:
        raise NotElementwiseError("a constant that differs between elements")
    splat = attribute.get_splat_value()
    if isinstance(splat, ir.IntegerAttr | ir.BoolAttr):
        return sp.Integer(abs(int(splat.value)) if _is_truth(attribute.type) else splat.value)
    if not isinstance(splat, ir.FloatAttr):
        raise NotElementwiseError("a constant of another type")
    return _number(float(splat.value))


def _number(value: float) -> sp.Expr:
    if math.isnan(value):
        raise NotElementwiseError("a constant that is not a number")
    if math.isinf(value):
        return sp.oo if value > 0 else -sp.oo
    # The shortest decimal that rounds to the same float32 is what was written in the source.
    single = np.float32(value)
    exact = float(single) == value
    return sp.Rational(np.format_float_positional(single) if exact else repr(value))


def _compare(operation: ir.Operation, a: sp.Expr, b: sp.Expr) -> sp.Expr:
    if "TOTALORDER" in str(operation.attributes.get("compare_type", "")):
        raise NotElementwiseError("total order")
    direction = str(operation.attributes["comparison_direction"]).rstrip(">").split()[-1]
    if direction in {"EQ", "NE"}:
        # `x != x` is how NaN is looked for; a closed form speaks of numbers.
        equal = tidy(ex.Equal(a, b))
        return equal if direction == "EQ" else ex.Negation(equal)
    node = ex.Less if direction in {"LT", "GT"} else ex.LessEqual
    return node(a, b) if direction in {"LT", "LE"} else node(b, a)


def _convert(operation: ir.Operation, value: sp.Expr) -> sp.Expr:
    source, target = operation.operands[0].type, operation.results[0].type
    if _is_truth(target) and not _is_truth(source):
        return ex.Negation(tidy(ex.Equal(value, sp.S.Zero)))
    truncates = _is_integer(target) and not _is_integer(source) and not _is_truth(source)
    if truncates and not value.is_Integer:
        raise NotElementwiseError("conversion to an integer")
    return value


def _power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    if exponent.is_number and not (exponent.is_Rational and abs(exponent) <= _MAX_EXPONENT):
        raise NotElementwiseError("an exponent too large to be exact")
    return base**exponent


def _exponential(value: sp.Expr) -> sp.Expr:
    for term in sp.Add.make_args(value):
        # SymPy turns e^(n log x) into x^n, and multiplies the powers of numbers out.
        if abs(term.as_coeff_Mul()[0]) > _MAX_EXPONENT and term.has(sp.log):
            raise NotElementwiseError("an exponent too large to be exact")
    return sp.exp(value)


def _sum(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    total = a + b
    # Products are multiplied out only where that removes an argument, as in b*(p - q) + b*q.
    if isinstance(total, sp.Add):
        expanded = multiply_out(total)
        if len(expanded.free_symbols) < len(total.free_symbols):
            return expanded
    return total


_RULES: dict[str, Callable[..., sp.Expr]] = {
    "add": _sum,
    "subtract": lambda a, b: _sum(a, -b),
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "exponential": _exponential,
    "exponential_minus_one": lambda a: tidy(_exponential(a)) - 1,
    "log": sp.log,
    "log_plus_one": lambda a: sp.log(1 + a),
    "logistic": ex.Sigma,
    "tanh": ex.Tanh,
    "sqrt": lambda a: _power(a, sp.Rational(1, 2)),
    "rsqrt": lambda a: _power(a, sp.Rational(-1, 2)),
    "power": _power,
    "abs": ex.Magnitude,
    "sign": ex.Signum,
    "floor": ex.Floor,
    "ceil": ex.Ceiling,
    "maximum": ex.Maximum,
    "minimum": ex.Minimum,
    "clamp": lambda low, a, high: tidy(ex.Minimum(tidy(ex.Maximum(a, low)), high)),
    "select": ex.Select,
    "and": ex.Both,
    "or": ex.Either,
    "not": ex.Negation,
    "is_finite": lambda a: sp.S.One,
}
# On whole numbers division truncates and `and` works on bits.
_INTEGER_SAFE = frozenset(
    {"add", "subtract", "multiply", "negate", "maximum", "minimum", "clamp", "select", "abs"}
)
