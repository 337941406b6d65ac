"""The adapter that lets trusted Python run where programs do."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.contract import Argument, FunctionSignature
from templates.native import NativeFunction, load_native

pytestmark = pytest.mark.gate

SIGNATURE = FunctionSignature(
    name="area",
    arguments=(
        Argument(name="width", shape=(3,), differentiate=True, description="widths"),
        Argument(name="scale", description="a factor"),
        Argument(name="height", shape=(3,), differentiate=True, description="heights"),
    ),
    returns_shape=(3,),
    description="area of rectangles",
)
WIDTH = jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
HEIGHT = jnp.array([[7.0, 8.0, 9.0], [1.0, 1.0, 1.0]])
SCALE = jnp.array([1.0, 10.0])


def area(width: jax.Array, scale: jax.Array, height: jax.Array) -> jax.Array:
    assert width.shape == (3,)
    assert scale.shape == ()
    return scale * width * height


def test_value_and_derivatives_carry_the_population() -> None:
    function = NativeFunction(area, SIGNATURE, 2)
    np.testing.assert_allclose(
        function.value(WIDTH, SCALE, HEIGHT), SCALE[:, None] * WIDTH * HEIGHT
    )
    cotangent = jnp.array([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0]])
    in_width, in_height = function.vjp(WIDTH, SCALE, HEIGHT, cotangent)
    np.testing.assert_allclose(in_width, cotangent * SCALE[:, None] * HEIGHT)
    np.testing.assert_allclose(in_height, cotangent * SCALE[:, None] * WIDTH)


def test_a_wrong_population_is_refused() -> None:
    with pytest.raises(ValueError, match="population of 3"):
        NativeFunction(area, SIGNATURE, 3).value(WIDTH, SCALE, HEIGHT)


def test_loads_the_function_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "area.py"
    file.write_text("def area(width, scale, height):\n    return scale * width * height\n")
    function = load_native(file, SIGNATURE, 2)
    np.testing.assert_allclose(function.value(WIDTH, SCALE, HEIGHT)[1], [40.0, 50.0, 60.0])
    file.write_text("def volume():\n    return 0\n")
    with pytest.raises(ValueError, match="defines no function 'area'"):
        load_native(file, SIGNATURE, 2)
