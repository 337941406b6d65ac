"""The primary metric on frontiers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.preference_loss.frontier import Point, hull, reward_at_budgets

pytestmark = pytest.mark.gate


def point(kl: float | None, reward: float | None) -> Point:
    if kl is None:
        return Point(1.0, True, None, None, None, None, None, None)
    return Point(1.0, False, kl, reward, 0.0, 0.0, 0.5, 0.5)


def test_hull_drops_what_a_mixture_beats() -> None:
    found = hull([(0.0, 0.5), (1.0, 0.55), (2.0, 0.7), (4.0, 0.8), (3.0, 0.6), (8.0, 0.75)])
    np.testing.assert_allclose(found, [(0.0, 0.5), (2.0, 0.7), (4.0, 0.8)])


def test_hull_of_equal_kl_keeps_the_best() -> None:
    np.testing.assert_allclose(hull([(0.0, 0.5), (0.0, 0.6), (1.0, 0.6)]), [(0.0, 0.6)])


def test_reward_interpolates_between_policies() -> None:
    # budgets .5 1 2 4 on the line to (4, .9): .55 .6 .7 .9
    assert reward_at_budgets([point(4.0, 0.9)], 0.5) == pytest.approx((0.55 + 0.6 + 0.7 + 0.9) / 4)
    # beyond the budgets only mixtures with the reference count: slope .05 per nat
    assert reward_at_budgets([point(8.0, 0.9)], 0.5) == pytest.approx(0.5 + 0.05 * 7.5 / 4)
    # a budget need not be spent
    assert reward_at_budgets([point(0.25, 0.6)], 0.5) == pytest.approx(0.6)


def test_useless_policies_earn_what_the_reference_does() -> None:
    assert reward_at_budgets([point(3.0, 0.2), point(None, None)], 0.5) == 0.5
    assert reward_at_budgets([], 0.5) == 0.5


@given(
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 1)), max_size=8),
    st.tuples(st.floats(0, 30), st.floats(0, 1)),
)
def test_more_policies_never_score_less(
    points: list[tuple[float, float]], extra: tuple[float, float]
) -> None:
    before = [point(*values) for values in points]
    score = reward_at_budgets(before, 0.5)
    assert 0.5 <= score <= 1.0
    assert reward_at_budgets([*before, point(*extra)], 0.5) >= score - 1e-9
