"""Every name of JAX that is not promised to stay, tried on the JAX that is installed."""

from __future__ import annotations

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from sandboxes.evaluator.jax_private import (
    forget_unused,
    ir,
    make_ir_context,
    stablehlo,
    with_module,
)

pytestmark = pytest.mark.gate

SHAPE = jax.ShapeDtypeStruct((2, 4), jnp.float32)


def exported(scale: float) -> export.Exported:
    return export.export(jax.jit(lambda x: scale * x), platforms=["cpu"])(SHAPE)


def alive() -> int:
    gc.collect()
    return sum(isinstance(found, export.Exported) for found in gc.get_objects())


def test_the_bindings_read_what_jax_writes() -> None:
    context = make_ir_context()
    with context, ir.Location.unknown():
        data = exported(2.0).mlir_module_serialized
        module = stablehlo.deserialize_portable_artifact(context, data)
        names = [operation.operation.name for operation in module.body.operations]
        (main,) = (o for o in module.body.operations if "main" in str(o.attributes["sym_name"]))
        kind = ir.FunctionType(ir.TypeAttr(main.attributes["function_type"]).value)
    assert set(names) == {"func.func"}
    assert [str(part) for part in kind.inputs] == ["tensor<2x4xf32>"]


def test_what_is_no_module_is_an_error_of_the_bindings() -> None:
    context = make_ir_context()
    with context, ir.Location.unknown():
        with pytest.raises((ir.MLIRError, ValueError)):
            stablehlo.deserialize_portable_artifact(context, b"ML\xefR nothing")
        with pytest.raises(ir.MLIRError):
            ir.Module.parse("nothing")


def test_a_description_takes_another_module() -> None:
    own = exported(2.0)
    other = with_module(own, exported(3.0).mlir_module_serialized)
    x = jnp.ones(SHAPE.shape)
    np.testing.assert_array_equal(jax.jit(other.call)(x), 3 * x)
    np.testing.assert_array_equal(jax.jit(own.call)(x), 2 * x)
    assert not other.has_vjp()


def test_what_nobody_holds_is_forgotten_and_the_rest_stays_traced() -> None:
    traced = []

    @jax.jit
    def kept(x: jax.Array) -> jax.Array:
        traced.append(x)
        return x + 1

    def use(scale: float) -> None:
        jax.jit(exported(scale).call)(jnp.ones(SHAPE.shape))

    kept(jnp.ones(3))
    forget_unused()
    before = alive()
    for scale in (5.0, 6.0, 7.0):
        use(scale)
    # Else there would be nothing to forget, and this test would say nothing.
    assert alive() > before
    forget_unused()
    assert alive() == before
    kept(jnp.ones(3))
    assert len(traced) == 1
