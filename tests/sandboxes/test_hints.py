"""A reduction is pointed at, with the line as it should be."""

import pytest

from sandboxes.engines.hints import reduction_hint
from templates.contract import FunctionSignature


def signature(shape: tuple[int, ...] = (8,)) -> list[FunctionSignature]:
    return [FunctionSignature(name="loss", arguments=(), returns_shape=shape, description="")]


@pytest.mark.parametrize(
    ("body", "instead"),
    [
        ("return jnp.mean(e * e)", "`return e * e`"),
        ("return jax.numpy.sum(jnp.abs(e)) + e.mean()", "`return jnp.abs(e) + e`"),
        ("return jnp.mean(e * jnp.exp(-jnp.mean(e)))", "`return e * jnp.exp(-jnp.mean(e))`"),
        ("total = jnp.sum(e)\n    return total", "line 2 reduces with `jnp.sum`"),
        # The return is to blame, though a statistic is computed before.
        ("m = jnp.mean(e)\n    return jnp.mean(e - m)", "`return e - m`"),
    ],
)
def test_the_line_without_its_reduction(body: str, instead: str) -> None:
    assert instead in reduction_hint(f"def loss(e):\n    {body}\n", signature())


@pytest.mark.parametrize(
    "body", ["return e[0]", "return jnp.sum(e, axis=1)", "return e.sum(0)", "return jnp.max(e)"]
)
def test_nothing_is_guessed(body: str) -> None:
    assert reduction_hint(f"def loss(e):\n    {body}\n", signature()) == ""


def test_a_scalar_by_contract_may_reduce() -> None:
    assert reduction_hint("def loss(e):\n    return jnp.mean(e)\n", signature(())) == ""
