"""A `BoundFunction` made from a plain Python function, for trusted code only.

The evaluator runs verified programs. Tests, benchmarks and contract checks also want to run a
function that is at hand as Python, such as a shipped baseline, through the very same core; this
adapter lets them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax

from templates.contract import FunctionSignature

__all__ = ["NativeFunction", "load_native"]


class NativeFunction:
    """Vectorises a per-member function over the population and differentiates it with `jax.vjp`.

    Satisfies `templates.contract.BoundFunction`. The function is executed in this process: never
    pass untrusted code.

    Args:
        function: Takes the signature's arguments without the population axis.
        signature: Says which arguments are differentiated.
        population: Length of the leading axis.

    Raises:
        ValueError: In use, where an argument lacks the population axis.
    """

    def __init__(
        self, function: Callable[..., jax.Array], signature: FunctionSignature, population: int
    ) -> None:
        self.population = population
        self._batched = jax.vmap(function)
        self._differentiated = tuple(
            place for place, argument in enumerate(signature.arguments) if argument.differentiate
        )

    def value(self, *arguments: jax.Array) -> jax.Array:
        """The function's result, ``[population, *returns_shape]``."""
        self._check(arguments)
        return self._batched(*arguments)

    def vjp(self, *arguments_and_cotangent: jax.Array) -> tuple[jax.Array, ...]:
        """Cotangents of the differentiated arguments, given those of the result (last)."""
        *arguments, cotangent = arguments_and_cotangent
        self._check(arguments)

        def partial(*chosen: jax.Array) -> jax.Array:
            full = list(arguments)
            for place, argument in zip(self._differentiated, chosen, strict=True):
                full[place] = argument
            return self._batched(*full)

        _, pullback = jax.vjp(partial, *(arguments[place] for place in self._differentiated))
        cotangents: tuple[jax.Array, ...] = pullback(cotangent)
        return cotangents

    def _check(self, arguments: list[jax.Array] | tuple[jax.Array, ...]) -> None:
        for argument in arguments:
            if argument.shape[:1] != (self.population,):
                raise ValueError(
                    f"an argument of shape {argument.shape} does not lead with the population "
                    f"of {self.population}"
                )


def load_native(path: Path, signature: FunctionSignature, population: int) -> NativeFunction:
    """Execute a trusted Python file, such as a baseline, and wrap the function it defines.

    Args:
        path: The file; it must define a function with the signature's name.
        signature: Of the function.
        population: Length of the leading axis.

    Raises:
        ValueError: Where the file does not define the function.
    """
    names: dict[str, object] = {"__name__": path.stem}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    function = names.get(signature.name)
    if not callable(function):
        raise ValueError(f"{path} defines no function {signature.name!r}")
    return NativeFunction(function, signature, population)
