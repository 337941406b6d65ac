"""The exact verifier of packings."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from templates.circle_packing.core import CirclePackingCore, shrink_to_fit
from templates.contract import SeedResult
from templates.errors import CandidateError
from templates.registry import load_template

pytestmark = pytest.mark.gate


def score(centres: object, radii: object) -> SeedResult:
    arrays = {"centres": np.asarray(centres, float), "radii": np.asarray(radii, float)}
    return CirclePackingCore().score(arrays, task="circles_26", seed=0)


def test_a_valid_packing_keeps_every_bit() -> None:
    found = score([[0.25, 0.25], [0.75, 0.75]], [0.25, 0.25])
    assert found.metrics == {"sum_of_radii": 0.5, "shrinkage": 0.0}


def test_circles_that_touch_exactly_do_not_overlap() -> None:
    assert shrink_to_fit(np.array([[0.25, 0.5], [0.75, 0.5]]), np.array([0.25, 0.25])) == 1


def test_one_unit_in_the_last_place_is_an_overlap() -> None:
    radius = math.nextafter(0.25, 1)
    found = score([[0.25, 0.5], [0.75, 0.5]], [radius, 0.25])
    assert 0 < found.metrics["shrinkage"] < 1e-15
    assert Fraction(found.metrics["sum_of_radii"]) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("kind", "centres", "radii"),
    [
        ("negative_radius", [[0.5, 0.5]], [-0.1]),
        ("outside", [[1.5, 0.5]], [0.1]),
        ("overlap", [[0.5, 0.5], [0.5, 0.5]], [0.1, 0.1]),
        ("overlap", [[0.5, 0.5]], [0.6]),
    ],
)
def test_what_is_no_packing_is_an_error(kind: str, centres: object, radii: object) -> None:
    with pytest.raises(CandidateError) as caught:
        score(centres, radii)
    assert caught.value.kind == kind


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 0.3)),
        min_size=1,
        max_size=8,
    )
)
def test_after_shrinking_nothing_overlaps(circles: list[tuple[float, float, float]]) -> None:
    centres = np.array([circle[:2] for circle in circles])
    radii = np.array([circle[2] for circle in circles])
    factor = shrink_to_fit(centres, radii)
    assert 0 <= factor <= 1
    sizes = [Fraction(float(radius)) * factor for radius in radii]
    assert _fits(centres, sizes)
    if 0 < factor < 1:
        larger = factor * (1 + Fraction(1, 2**60))
        assert not _fits(centres, [Fraction(float(radius)) * larger for radius in radii])


def _fits(centres: NDArray[np.float64], sizes: list[Fraction]) -> bool:
    """An independent check: every wall and every pair, squared distances only."""
    points = [(Fraction(float(x)), Fraction(float(y))) for x, y in centres]
    walls = all(
        size <= side
        for (x, y), size in zip(points, sizes, strict=True)
        for side in (x, y, 1 - x, 1 - y)
    )
    return walls and all(
        (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 >= (sizes[i] + sizes[j]) ** 2
        for i, a in enumerate(points)
        for j, b in enumerate(points[:i])
    )


@pytest.mark.parametrize(
    ("name", "count", "total"),
    [("grid", 26, 2.5414), ("grid", 32, None), ("control_one_circle", 26, 0.5)],
)
def test_quick_baselines_are_valid_as_they_come(name: str, count: int, total: float | None) -> None:
    code = next(b.code for b in load_template("circle_packing").baselines if b.name == name)
    module: dict[str, Any] = {}
    exec(code, module)
    found = score(*module["pack"](count, 0))
    assert found.metrics["shrinkage"] == 0
    if total is not None:
        assert found.metrics["sum_of_radii"] == pytest.approx(total, abs=1e-4)
