"""Is this program what it claims to be, and nothing more? Checked on the module, op by op."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandboxes.evaluator.jax_private import ir, make_ir_context, stablehlo
from templates.contract import FunctionSignature
from templates.errors import CandidateError

__all__ = ["VerifiedModule", "expected_type", "verify"]

MAX_MODULE_BYTES = 4 * 2**20
MAX_OPERATIONS = 5_000
MAX_CONSTANT_BYTES = 2**20
MAX_TENSOR_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
MAX_NESTING = 8

# Pure operations of StableHLO. What is not here is refused: collectives, infeed and outfeed, send
# and recv, the stateful rng, custom calls but those below, and whatever a later version adds.
ALLOWED_OPERATIONS = frozenset(
    "stablehlo." + name
    for name in """
    abs add and atan2 bitcast_convert broadcast_in_dim case cbrt ceil clamp compare complex
    concatenate constant convert convolution cosine count_leading_zeros divide dot_general
    dynamic_slice dynamic_update_slice exponential exponential_minus_one fft floor gather if imag
    iota is_finite log log_plus_one logistic maximum minimum multiply negate not or
    optimization_barrier pad popcnt power real reduce reduce_precision reduce_window remainder
    reshape return reverse rng_bit_generator round_nearest_afz round_nearest_even rsqrt scatter
    select select_and_scatter shift_left shift_right_arithmetic shift_right_logical sign sine slice
    sort sqrt subtract tan tanh transpose triangular_solve tuple get_tuple_element while xor
    """.split()
) | frozenset({"func.func", "func.call", "func.return", "builtin.module"})
ALLOWED_PREFIXES = ("chlo.",)
ALLOWED_CUSTOM_CALLS = frozenset(
    {"mhlo.erf", "mhlo.erf_inv", "mhlo.topk", "mhlo.asin", "mhlo.acos"}
)
# Attributes of no operation but with a meaning to some compiler: sharding, memory spaces, aliases,
# advice. These few come with what JAX writes; with any other a program is refused.
_EXTRA_ATTRIBUTES = {
    "builtin.module": {"mhlo.num_partitions", "mhlo.num_replicas", "jax.uses_shape_polymorphism"},
    "stablehlo.custom_call": {"mhlo.attributes", "mhlo.version"},
}
_EXTRA_OF_ARGUMENTS = {"jax.const"}
_EXTRA_OF_RESULTS = {"jax.result_info"}
# What is left unsaid about a custom call reads so.
_UNSAID = {'""', "{}", "[]", "false"}
_MAGIC = b"ML\xefR"
_MLIR_TYPES = {"float32": "f32", "int32": "i32"}
_REFERENCES = {"func.call": "callee", "stablehlo.composite": "decomposition"}
# From JAX 0.11 on, a cumulative sum for CUDA is this composite. What it stands for asks how long an
# axis is, although that is fixed; no other function may.
_SCAN = "chlo.scan"
_LENGTH = "stablehlo.get_dimension_size"


@dataclass(frozen=True)
class VerifiedModule:
    """A module that passed.

    Args:
        data: The portable artifact, as it came.
        text: Its assembly without debug locations.
        operations: How many operations it has.
    """

    data: bytes
    text: str
    operations: int

    @property
    def digest(self) -> str:
        """SHA-256 of the assembly without locations."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def expected_type(
    signature: FunctionSignature, population: int, *, vjp: bool
) -> tuple[list[str], list[str]]:
    """MLIR types of arguments and results that a module must have."""

    def tensor(shape: tuple[int, ...], dtype: str) -> str:
        dimensions = "x".join(map(str, (population, *shape)))
        return f"tensor<{dimensions}x{_MLIR_TYPES[dtype]}>"

    arguments = [tensor(argument.shape, argument.dtype) for argument in signature.arguments]
    result = tensor(signature.returns_shape, signature.returns_dtype)
    if not vjp:
        return arguments, [result]
    chosen = [tensor(a.shape, a.dtype) for a in signature.arguments if a.differentiate]
    return [*arguments, result], chosen


def verify(data: bytes, arguments: list[str], results: list[str]) -> VerifiedModule:
    """Check one module against its expected type and against what programs may contain.

    Args:
        data: A portable StableHLO artifact from the tracer, untrusted.
        arguments: Expected MLIR types of the arguments of ``main``.
        results: Expected MLIR types of its results.

    Raises:
        CandidateError: kind ``program``: the module is malformed, too large or has an operation
            that programs may not have.
    """
    if len(data) > MAX_MODULE_BYTES:
        raise _refuse(f"the program has {len(data)} bytes, at most {MAX_MODULE_BYTES} are allowed")
    if not data.startswith(_MAGIC):
        # Assembly would be read too.
        raise _refuse("the program is no portable artifact")
    context = make_ir_context()
    with context, ir.Location.unknown():
        try:
            module = stablehlo.deserialize_portable_artifact(context, data)
            counted = _check_operations(module)
            _check_main(module, arguments, results)
            _check_recursion(module)
            text = str(module.operation.get_asm(enable_debug_info=False))
        except CandidateError:
            raise
        except (ir.MLIRError, ValueError, KeyError, RuntimeError, RecursionError) as error:
            # Names that are no text, types that are nested too deeply: whatever the bindings raise.
            said = str(error).encode("utf-8", "replace").decode()[:200]
            raise _refuse(f"the program cannot be read: {said}") from error
    return VerifiedModule(data, text, counted)


def _refuse(message: str) -> CandidateError:
    return CandidateError("program", message)


def _walk(operation: ir.Operation, depth: int = 0) -> Iterator[tuple[ir.Operation, int]]:
    yield operation, depth
    for region in operation.regions:
        for block in region.blocks:
            for inner in block.operations:
                yield from _walk(inner.operation, depth + 1)


def _check_operations(module: ir.Module) -> int:
    count = constant_bytes = total_bytes = 0
    function = ""
    asking: set[str] = set()
    scans: set[str] = set()
    for operation, depth in _walk(module.operation):
        count += 1
        name = operation.name
        if count > MAX_OPERATIONS:
            raise _refuse(
                f"the program has more than {MAX_OPERATIONS} operations: simplify it, and replace "
                "Python loops by array operations"
            )
        if depth > MAX_NESTING:
            raise _refuse(f"control flow is nested more than {MAX_NESTING} levels deep")
        _check_attributes(operation)
        if (name == "builtin.module" and depth > 0) or (name == "func.func" and depth != 1):
            raise _refuse(f"{name} is not allowed inside of another operation")
        if name == "func.func":
            function = ir.StringAttr(operation.attributes["sym_name"]).value
        if name == "stablehlo.custom_call":
            target = ir.StringAttr(operation.attributes["call_target_name"]).value
            if target not in ALLOWED_CUSTOM_CALLS:
                raise _refuse(
                    f"the program calls {target!r} outside of itself: callbacks, foreign functions "
                    "and linear-algebra kernels are not allowed"
                )
            _check_custom_call(operation)
        elif name == "stablehlo.composite":
            composite = ir.StringAttr(operation.attributes["name"]).value
            if not composite.startswith("chlo."):
                raise _refuse(f"the composite operation {composite!r} is not allowed")
            if composite == _SCAN:
                scans.add(ir.FlatSymbolRefAttr(operation.attributes["decomposition"]).value)
        elif name == _LENGTH:
            asking.add(function)
        elif name not in ALLOWED_OPERATIONS and not name.startswith(ALLOWED_PREFIXES):
            raise _refuse(f"the operation {name} is not allowed")
        elif name == "stablehlo.sort" and not _is_stable(operation):
            # An unstable sort with a comparison that is no order reads beyond its arrays.
            raise _refuse("the program has an unstable sort: leave is_stable at its default, True")
        for region in operation.regions:
            for block in region.blocks:
                for argument in block.arguments:
                    _bytes(argument.type)
        for result in operation.results:
            size = _bytes(result.type)
            total_bytes += size
            if name == "stablehlo.constant" and not _is_splat(operation):
                constant_bytes += size
            if size > MAX_TENSOR_BYTES or total_bytes > MAX_TOTAL_BYTES:
                raise _refuse("the program's intermediate arrays are too large")
            if constant_bytes > MAX_CONSTANT_BYTES:
                raise _refuse(
                    f"the program holds more than {MAX_CONSTANT_BYTES} bytes of constants"
                )
    if asking - scans:
        raise _refuse(f"the operation {_LENGTH} is not allowed")
    return count


def _attributes(operation: ir.Operation) -> Iterator[tuple[str, ir.Attribute]]:
    for index in range(len(operation.attributes)):
        named = operation.attributes[index]
        yield named.name, named.attr


def _check_attributes(operation: ir.Operation) -> None:
    allowed = _EXTRA_ATTRIBUTES.get(operation.name, set())
    for name, value in _attributes(operation):
        if "." in name and name not in allowed:
            raise _refuse(f"the attribute {name} of {operation.name} is not allowed")
        if (
            name in ("mhlo.num_partitions", "mhlo.num_replicas")
            and ir.IntegerAttr(value).value != 1
        ):
            raise _refuse(f"the program asks for several devices ({name})")


def _check_custom_call(operation: ir.Operation) -> None:
    """An allowed call may have no effects, no aliases and no functions of its own."""
    known = {"call_target_name", "api_version", *_EXTRA_ATTRIBUTES["stablehlo.custom_call"]}
    for name, value in _attributes(operation):
        if name not in known and str(value) not in _UNSAID:
            raise _refuse(f"a custom call with {name} = {str(value)[:100]} is not allowed")


def _is_stable(operation: ir.Operation) -> bool:
    return "is_stable" in operation.attributes and bool(
        ir.BoolAttr(operation.attributes["is_stable"]).value
    )


def _is_splat(operation: ir.Operation) -> bool:
    value = operation.attributes["value"]
    return isinstance(value, ir.DenseElementsAttr) and value.is_splat


def _bytes(kind: ir.Type) -> int:
    if isinstance(kind, ir.TupleType):
        members = [kind.get_type(i) for i in range(kind.num_types)]
        if any(isinstance(member, ir.TupleType) for member in members):
            raise _refuse("tuples of tuples are not allowed")
        return sum(map(_bytes, members))
    if not isinstance(kind, ir.RankedTensorType):
        raise _refuse(f"values of type {kind} are not allowed")
    if not kind.has_static_shape or kind.encoding is not None:
        raise _refuse("arrays of dynamic shape are not allowed")
    element = kind.element_type
    if isinstance(element, ir.ComplexType):
        width = 128
    elif isinstance(element, (ir.IntegerType, ir.FloatType)):
        width = max(8, element.width)
    else:
        raise _refuse(f"arrays of {element} are not allowed")
    size = width // 8
    for dimension in kind.shape:
        if dimension > MAX_TENSOR_BYTES:
            # Beside a dimension of zero it would count for nothing.
            raise _refuse("the program's intermediate arrays are too large")
        size *= dimension
    return size


def _functions(module: ir.Module) -> Mapping[str, ir.Operation]:
    return {
        ir.StringAttr(operation.attributes["sym_name"]).value: operation.operation
        for operation in module.body.operations
        if operation.operation.name == "func.func"
    }


def _check_main(module: ir.Module, arguments: list[str], results: list[str]) -> None:
    main = _functions(module).get("main")
    if main is None:
        raise _refuse("the program has no main function")
    kind = ir.FunctionType(ir.TypeAttr(main.attributes["function_type"]).value)
    seen = ([str(t) for t in kind.inputs], [str(t) for t in kind.results])
    if seen != (arguments, results):
        raise _refuse(f"the program has the type {seen}, expected {(arguments, results)}")
    for function in _functions(module).values():
        if not function.regions[0].blocks:
            raise _refuse("the program calls a function that it does not define")
        # Aliasing, donation or sharding of an argument would let a program write to what it reads.
        _check_extras(function, "arg_attrs", _EXTRA_OF_ARGUMENTS)
        _check_extras(function, "res_attrs", _EXTRA_OF_RESULTS)


def _check_extras(function: ir.Operation, which: str, allowed: set[str]) -> None:
    if which not in function.attributes:
        return
    for attributes in ir.ArrayAttr(function.attributes[which]):
        entries = ir.DictAttr(attributes)
        names = {entries[i].name for i in range(len(entries))} - allowed
        if names:
            of = "arguments" if which == "arg_attrs" else "results"
            raise _refuse(f"{of} with attributes {sorted(names)} are not allowed")


def _check_recursion(module: ir.Module) -> None:
    functions = _functions(module)
    calls = {
        name: {
            ir.FlatSymbolRefAttr(inner.attributes[_REFERENCES[inner.name]]).value
            for inner, _ in _walk(operation)
            if inner.name in _REFERENCES
        }
        for name, operation in functions.items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise _refuse("a function of the program calls itself")
        if name not in calls:
            raise _refuse(f"the program calls {name!r}, which it does not define")
        if name in done:
            return
        for callee in calls[name]:
            visit(callee, (*path, name))
        done.add(name)

    # Also those that nobody calls: the compiler walks through them all.
    for name in functions:
        visit(name, ())
