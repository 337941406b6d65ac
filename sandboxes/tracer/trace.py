"""From a candidate's Python to serialized StableHLO; runs in a process that dies right after."""

from __future__ import annotations

import inspect
import linecache
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import export

__all__ = ["TraceFailedError", "trace"]

_FILE = "candidate.py"
_MAX_TEXT = 700
_HINTS: tuple[tuple[type[BaseException], str], ...] = (
    (
        jax.errors.TracerBoolConversionError,
        "Python `if`, `while`, `and`, `or` or `max()` was used on an array: use jnp.where, "
        "jnp.logical_and, jnp.logical_or or jnp.maximum",
    ),
    (
        jax.errors.TracerArrayConversionError,
        "a numpy function was used on a traced array: use the jax.numpy function",
    ),
    (
        jax.errors.TracerIntegerConversionError,
        "a traced array was used as a Python integer or index",
    ),
    (
        jax.errors.ConcretizationTypeError,
        "a traced array was used where Python needs a concrete number (float(), int(), range())",
    ),
)


class TraceFailedError(Exception):
    """The candidate cannot become a program; carries the class and the message for the model."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message[:_MAX_TEXT]


def trace(
    code: str, functions: Sequence[Mapping[str, Any]], population: int, platform: str
) -> dict[str, bytes]:
    """Run the code, trace each declared function over a population and export it.

    Args:
        code: The candidate's module.
        functions: Signatures as JSON: name, required, arguments (name, shape, dtype,
            differentiate), returns_shape, returns_dtype.
        population: Size of the leading axis over which the function is vmapped.
        platform: ``cpu`` or ``cuda``.

    Returns:
        Portable StableHLO artifacts by ``<name>.value`` and, where an argument is marked to be
        differentiated, ``<name>.vjp`` (arguments and cotangent -> cotangents of those arguments).

    Raises:
        TraceFailedError: The candidate is at fault.
    """
    namespace = _run(code)
    modules: dict[str, bytes] = {}
    for signature in functions:
        name = signature["name"]
        function = namespace.get(name)
        if function is None and not signature["required"]:
            continue
        if not callable(function):
            raise TraceFailedError(
                "missing_function", f"the code defines no function named `{name}`"
            )
        modules |= _export(function, signature, population, platform)
    return modules


def _run(code: str) -> dict[str, Any]:
    linecache.cache[_FILE] = (len(code), None, code.splitlines(keepends=True), _FILE)
    module = types.ModuleType("candidate")
    module.__dict__.update(jax=jax, jnp=jnp)
    try:
        exec(compile(code, _FILE, "exec"), module.__dict__)
    except SyntaxError as error:
        raise TraceFailedError("syntax", f"line {error.lineno}: {error.msg}") from error
    except ImportError as error:
        raise TraceFailedError("import", f"{error}{_where(error)}") from error
    except BaseException as error:
        raise TraceFailedError("import_time_error", _describe(error)) from error
    return module.__dict__


def _export(
    function: Callable[..., Any], signature: Mapping[str, Any], population: int, platform: str
) -> dict[str, bytes]:
    name = signature["name"]
    arguments = signature["arguments"]
    _check_parameters(function, name, [argument["name"] for argument in arguments])
    specs = [
        jax.ShapeDtypeStruct((population, *argument["shape"]), argument["dtype"])
        for argument in arguments
    ]
    result = jax.ShapeDtypeStruct(
        (population, *signature["returns_shape"]), signature["returns_dtype"]
    )
    batched = jax.vmap(function)
    with _blame("trace"):
        seen = jax.eval_shape(batched, *specs)
    _check_result(seen, result, name)
    modules = {f"{name}.value": _serialize(batched, specs, platform)}
    chosen = [i for i, argument in enumerate(arguments) if argument["differentiate"]]
    if chosen:

        def vjp(*operands: jax.Array) -> tuple[jax.Array, ...]:
            primals, cotangent = list(operands[:-1]), operands[-1]

            def of_chosen(*values: jax.Array) -> jax.Array:
                for index, value in zip(chosen, values, strict=True):
                    primals[index] = value
                result: jax.Array = batched(*primals)
                return result

            _, pull_back = jax.vjp(of_chosen, *[operands[i] for i in chosen])
            return tuple(pull_back(cotangent))

        modules[f"{name}.vjp"] = _serialize(vjp, [*specs, result], platform)
    return modules


def _serialize(
    function: Callable[..., Any], specs: Sequence[jax.ShapeDtypeStruct], platform: str
) -> bytes:
    with _blame("export"):
        # Unused arguments are kept so that every program has the declared signature.
        jitted = jax.jit(function, keep_unused=True)
        exported = export.export(jitted, platforms=(platform,))(*specs)
        return bytes(exported.mlir_module_serialized)


def _check_parameters(function: Callable[..., Any], name: str, expected: list[str]) -> None:
    try:
        signature = inspect.signature(function)
        signature.bind(*expected)
    except ValueError:
        return
    except TypeError as error:
        raise TraceFailedError(
            "signature", f"`{name}` must take ({', '.join(expected)}): {error}"
        ) from error


def _check_result(seen: Any, expected: jax.ShapeDtypeStruct, name: str) -> None:
    if not hasattr(seen, "shape"):
        raise TraceFailedError(
            "shape", f"`{name}` must return one array, it returned a {type(seen).__name__}"
        )
    if seen.shape != expected.shape:
        raise TraceFailedError(
            "shape",
            f"`{name}` must return an array of shape {list(expected.shape[1:])} (one value per "
            f"example, no mean or sum over the batch), it returned {list(seen.shape[1:])}",
        )
    if seen.dtype != expected.dtype:
        raise TraceFailedError(
            "dtype", f"`{name}` must return {expected.dtype}, it returned {seen.dtype}"
        )


class _blame:  # noqa: N801 - reads as a statement where it is used
    """Turns whatever the candidate raises in the block into a TraceFailedError."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, tb: Any) -> None:
        if error is not None and not isinstance(error, TraceFailedError):
            raise TraceFailedError(self._kind, _describe(error)) from error


def _describe(error: BaseException) -> str:
    for kind, hint in _HINTS:
        if isinstance(error, kind):
            return f"{hint}{_where(error)}"
    text = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())
    return f"{type(error).__name__}: {text[:400]}{_where(error)}"


def _where(error: BaseException) -> str:
    """The deepest line of the candidate's own code that was running."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == _FILE]
    if not frames:
        return ""
    return f" (line {frames[-1].lineno}: `{(frames[-1].line or '').strip()[:120]}`)"
