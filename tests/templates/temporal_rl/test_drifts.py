"""Drifts against exact values, and what is said of their validity."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from templates.contract import BoundFunction
from templates.temporal_rl.core import TemporalRLCore

pytestmark = pytest.mark.gate

Bound = Mapping[str, BoundFunction]
Baseline = Callable[[str], Bound]


def objective_slope(functions: Bound, r: float, advantage: float) -> float:
    """d(r A - D)/dr at one sample."""
    one = np.ones(128, np.float32)
    arguments = (r * one, np.log(r) * one, advantage * one, 0.3 * one, 11.0 * one, 0.2 * one)
    of_ratio, of_log = functions["drift"].vjp(*arguments, one)  # type: ignore[arg-type]
    return advantage - float(of_ratio[0]) - float(of_log[0]) / r


@pytest.mark.parametrize(("advantage", "ratio"), [(-0.5, 0.4053), (-1.0, 0.5594), (-2.0, 0.6969)])
def test_closed_form_turns_round_where_it_is_known_to(
    baseline: Baseline, advantage: float, ratio: float
) -> None:
    found = brentq(lambda r: objective_slope(baseline("dpo"), r, advantage), 0.2, 0.95)
    assert found == pytest.approx(ratio, abs=2e-4)


@pytest.mark.parametrize("advantage", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("ratio", [1.05, 1.5, 2.5])
def test_closed_form_never_turns_round_for_a_gain(
    baseline: Baseline, advantage: float, ratio: float
) -> None:
    u = (ratio - 1) * advantage
    exact = advantage / np.cosh(u / 2.0) ** 2
    assert objective_slope(baseline("dpo"), ratio, advantage) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("advantage", [-2.0, -0.3, 0.7])
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.1, 1.7])
def test_ppo_as_a_drift_is_ppo(baseline: Baseline, advantage: float, ratio: float) -> None:
    clipped = (advantage > 0 and ratio > 1.2) or (advantage < 0 and ratio < 0.8)
    exact = 0.0 if clipped else advantage
    assert objective_slope(baseline("ppo"), ratio, advantage) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("ppo", True),
        ("ppo_annealed", True),
        ("dpo", True),
        ("kl_penalty", True),
        ("control_constant", False),
        ("control_sign_flipped", False),
    ],
)
def test_validity_is_measured(
    core: TemporalRLCore, baseline: Baseline, name: str, valid: bool
) -> None:
    curves = core.curves(baseline(name))
    assert curves["validity"]["valid"] is valid
    assert curves["flags"] == ([] if valid else ["not_a_drift"])


def test_a_drift_that_is_none_late_in_training_is_seen(
    core: TemporalRLCore, native: Callable[..., Bound]
) -> None:
    late = native(drift=lambda r, log_r, A, t, log_N, eps: (r - 1.0) ** 2 - (t > 0.8) * 0.1)
    validity = core.curves(late)["validity"]
    assert not validity["valid"]
    assert validity["lowest"] == pytest.approx(-0.1, abs=1e-3)
    assert validity["at_one"] == pytest.approx(0.1, abs=1e-3)


def test_effective_clip_range_follows_the_annealing(
    core: TemporalRLCore, baseline: Baseline
) -> None:
    pressure = core.curves(baseline("ppo_annealed"))["pressure"]
    start, middle = pressure["upper"][0], pressure["upper"][5]
    assert start == pytest.approx(1.2, abs=0.01)
    assert middle == pytest.approx(1.1, abs=0.01)
    assert pressure["learning_rate"] == pytest.approx(list(1 - np.linspace(0, 1, 11)))
    assert pressure["entropy"][0] == pytest.approx(0.01)
    assert core.curves(baseline("kl_penalty"))["surfaces"][0]["value"][0][0] > 0


def test_a_slope_that_is_no_number_is_no_drift(
    core: TemporalRLCore, native: Callable[..., Bound]
) -> None:
    """The root of a square is zero at r = 1, and its derivative there is not a number."""
    kinked = native(
        drift=lambda r, log_r, A, t, log_N, eps: 0.5 * jnp.sqrt((r - 1.0) ** 2) + 0.0 * A
    )
    curves = core.curves(kinked)
    assert not curves["validity"]["valid"]
    assert curves["flags"] == ["not_a_drift"]
