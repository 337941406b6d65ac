"""From verified modules to functions that jitted core code can call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import jax
import jax.numpy as jnp
from jax import export

from sandboxes.contract import Program
from sandboxes.evaluator.jax_private import with_module
from sandboxes.evaluator.verify import VerifiedModule, expected_type, verify
from templates.contract import FunctionSignature
from templates.errors import CandidateError

__all__ = ["BoundProgram", "bind"]


class BoundProgram:
    """One function of a verified program; satisfies `templates.contract.BoundFunction`."""

    def __init__(
        self,
        signature: FunctionSignature,
        population: int,
        value: VerifiedModule,
        vjp: VerifiedModule | None,
        platform: str,
    ) -> None:
        self.signature = signature
        self.population = population
        self.value_module = value
        self.vjp_module = vjp
        arguments = [
            jax.ShapeDtypeStruct((population, *argument.shape), argument.dtype)
            for argument in signature.arguments
        ]
        result = jax.ShapeDtypeStruct(
            (population, *signature.returns_shape), signature.returns_dtype
        )
        chosen = [
            a for a, of in zip(arguments, signature.arguments, strict=True) if of.differentiate
        ]
        self._value = _callable(value.data, arguments, [result], platform)
        self._vjp = (
            _callable(vjp.data, [*arguments, result], chosen, platform) if vjp is not None else None
        )

    def value(self, *arguments: jax.Array) -> jax.Array:
        """The function's result, ``[population, *returns_shape]``."""
        return self._value(*arguments)[0]

    def vjp(self, *arguments_and_cotangent: jax.Array) -> tuple[jax.Array, ...]:
        """Cotangents of the arguments marked ``differentiate``, in their order.

        Raises:
            TypeError: No argument of the signature is marked so.
        """
        if self._vjp is None:
            raise TypeError(f"{self.signature.name} has no argument to differentiate")
        return tuple(self._vjp(*arguments_and_cotangent))


def bind(program: Program, signatures: Sequence[FunctionSignature]) -> dict[str, BoundProgram]:
    """Verify every module of a program and bind it; what is not required may be absent.

    Everything that describes the modules (trees, shapes, platforms, effects) is made here, from
    the declared signature; of what the tracer sent, only the module bytes are used.

    Raises:
        CandidateError: A module is missing, superfluous or does not pass verification.
    """
    present = [
        signature
        for signature in signatures
        if signature.required or f"{signature.name}.value" in program.modules
    ]
    wanted = {f"{signature.name}.value" for signature in present} | {
        f"{signature.name}.vjp"
        for signature in present
        if any(argument.differentiate for argument in signature.arguments)
    }
    if set(program.modules) != wanted:
        raise CandidateError(
            "program", f"the program has modules {sorted(program.modules)}, not {sorted(wanted)}"
        )
    bound: dict[str, BoundProgram] = {}
    for signature in present:
        value = verify(
            program.modules[f"{signature.name}.value"],
            *expected_type(signature, program.population, vjp=False),
        )
        vjp = None
        if f"{signature.name}.vjp" in wanted:
            vjp = verify(
                program.modules[f"{signature.name}.vjp"],
                *expected_type(signature, program.population, vjp=True),
            )
        bound[signature.name] = BoundProgram(
            signature, program.population, value, vjp, program.platform
        )
    return bound


def _callable(
    data: bytes,
    arguments: Sequence[jax.ShapeDtypeStruct],
    results: Sequence[jax.ShapeDtypeStruct],
    platform: str,
) -> Callable[..., Sequence[jax.Array]]:
    """A module as a jitted function.

    It is called through an `Exported` whose every field is ours but the module.
    """
    own = _description(tuple(arguments), tuple(results), platform)
    # Jitted: what is called eagerly is compiled as well, but kept until the worker ends.
    return jax.jit(with_module(own, data).call)


@cache
def _description(
    arguments: tuple[jax.ShapeDtypeStruct, ...],
    results: tuple[jax.ShapeDtypeStruct, ...],
    platform: str,
) -> export.Exported:
    """A function of that type, for all that is said about it beside its module.

    Made once for all programs of a signature: JAX 0.12 keeps what it traced for as long as the
    worker lives.
    """

    def stand_in(*operands: jax.Array) -> tuple[jax.Array, ...]:
        return tuple(jnp.zeros(result.shape, result.dtype) for result in results)

    return export.export(jax.jit(stand_in, keep_unused=True), platforms=(platform,))(*arguments)
