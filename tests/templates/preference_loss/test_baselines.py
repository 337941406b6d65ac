"""Exact values of the known losses, and the shape of all of them."""

from __future__ import annotations

import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from templates.native import NativeFunction
from templates.preference_loss.probes import probe_arguments
from templates.preference_loss.settings import BATCH
from tests.templates.preference_loss.conftest import Binder

pytestmark = pytest.mark.gate

LOSSES = "dpo slic ipo kto_pair dbaql aql padll aqfl cell lrml pfl".split()
CONTROLS = "control_constant control_sign_flipped control_noise".split()


def at(function: NativeFunction, rho: float, beta: float = 0.05) -> float:
    """The loss where every pair of the batch has the margin ``rho``; beta defaults to tau."""
    half = jnp.full((1, BATCH), -20.0)
    value = function.value(half + rho, half, half, half, jnp.array([beta]))
    return float(value[0, 0])


def slope(function: NativeFunction, rho: float, beta: float) -> float:
    """Derivative in x = beta * rho of one pair's loss."""
    half = jnp.full((1, BATCH), -20.0)
    one = jnp.zeros((1, BATCH)).at[0, 0].set(1.0)
    chosen, rejected = function.vjp(half + rho, half, half, half, jnp.array([beta]), one)
    assert float(chosen[0, 0]) == pytest.approx(-float(rejected[0, 0]))
    return float(chosen[0, 0]) / beta


def test_shipped_files_are_the_table_and_the_controls() -> None:
    import templates.preference_loss as package

    folder = Path(package.__file__).parent / "baselines"
    assert {path.stem for path in folder.glob("*.py")} == {*LOSSES, *CONTROLS}
    for path in folder.glob("*.py"):
        title, _, citation = path.read_text(encoding="utf-8").split('"""')[1].partition("\n")
        assert title.strip()
        assert citation.strip()


def test_lrml_exact_values(baseline: Binder) -> None:
    lrml = baseline("lrml", 1)
    low = minimize_scalar(lambda r: at(lrml, r), bounds=(-5, 0), method="bounded")
    high = minimize_scalar(lambda r: -at(lrml, r), bounds=(0, 4), method="bounded")
    assert low.x == pytest.approx(-2.37140, abs=5e-3)  # float32: the bottom is flat
    assert low.fun == pytest.approx(0.785924, abs=2e-6)
    assert high.x == pytest.approx(1.44012, abs=5e-3)
    assert -high.fun == pytest.approx(0.878290, abs=2e-6)
    assert at(lrml, 0.0) == pytest.approx(0.84657, abs=5e-6)
    assert slope(lrml, 0.0, 0.05) == pytest.approx(0.78426, abs=5e-6)
    # the slope vanishes at both places and changes its sign there
    for place in (-2.37140, 1.44012):
        assert slope(lrml, place, 0.05) == pytest.approx(0.0, abs=2e-4)
        assert slope(lrml, place - 0.1, 0.05) * slope(lrml, place + 0.1, 0.05) < 0


@pytest.mark.parametrize("beta", [0.05, 1.0, 5.0])
def test_dpo_slope_at_zero(baseline: Binder, beta: float) -> None:
    assert slope(baseline("dpo", 1), 0.0, beta) == pytest.approx(-0.5)


def test_convex_losses_by_hand(baseline: Binder) -> None:
    beta, rho = 0.5, 3.0
    x = beta * rho
    log1p = np.log1p(np.exp(-x))
    assert at(baseline("dpo", 1), rho, beta) == pytest.approx(log1p)
    assert at(baseline("slic", 1), rho, beta) == pytest.approx(0.0)
    assert at(baseline("slic", 1), -rho, beta) == pytest.approx(1 + x)
    assert at(baseline("ipo", 1), rho, beta) == pytest.approx((rho - 1.0) ** 2)
    assert at(baseline("cell", 1), rho, beta) == pytest.approx(0.5 * log1p + 0.5 * np.exp(-x))
    assert at(baseline("padll", 1), rho, beta) == pytest.approx(0.9 * log1p)
    assert at(baseline("padll", 1), -rho, beta) == pytest.approx(0.45 * (log1p + x))


def test_batch_losses_by_hand(baseline: Binder) -> None:
    """In a batch of equal margins the variance is 0 and every mean is the value itself."""

    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    beta, rho, tau = 0.5, 0.2, 0.05
    x = beta * rho
    logistic, hinge = np.log1p(np.exp(-x)), 1 - x
    dbaql = 0.5 * np.log1p(np.exp(-x / 0.9)) + 0.5 * np.exp(-0.9 * x)
    assert at(baseline("dbaql", 1), rho, beta) == pytest.approx(dbaql, rel=1e-5)
    q = sigmoid(tau * (0.5 + 0.01 * (sigmoid(x / tau) - 0.5)) - x)
    assert at(baseline("aql", 1), rho, beta) == pytest.approx(q * logistic + (1 - q) * hinge)
    r = sigmoid(0.1 * abs(x / tau - 0.05 * sigmoid(x / tau)))
    assert at(baseline("aqfl", 1), rho, beta) == pytest.approx(r * logistic + (1 - r) * hinge)
    pfl_preferring = 0.5 * np.log1p(np.exp(-x / tau))
    assert at(baseline("pfl", 1), rho, beta) == pytest.approx(pfl_preferring, rel=1e-5)
    assert at(baseline("pfl", 1), -rho, beta) == pytest.approx(2 * (1 + x / tau), rel=1e-5)
    kto = 0.5 * (1 - sigmoid(x)) + 0.5 * (1 - sigmoid(x))
    assert at(baseline("kto_pair", 1), rho, beta) == pytest.approx(kto, rel=1e-5)


def test_kto_passes_no_gradient_through_its_kl(baseline: Binder) -> None:
    kto = baseline("kto_pair", 1)
    reference = jnp.full((1, BATCH), -20.0)
    policy = reference.at[0, 1].add(5.0)
    one = jnp.zeros((1, BATCH)).at[0, 0].set(1.0)
    chosen, rejected = kto.vjp(policy, policy, reference, reference, jnp.array([1.0]), one)
    assert float(chosen[0, 0]) != 0.0
    np.testing.assert_array_equal(chosen[0, 1:], 0.0)
    np.testing.assert_array_equal(rejected[0, 1:], 0.0)


@pytest.mark.parametrize("name", [*LOSSES, *CONTROLS])
def test_every_baseline_is_finite_on_probes_and_at_the_start(baseline: Binder, name: str) -> None:
    function = baseline(name)
    start = jnp.full((6, BATCH), -20.0)
    betas = jnp.array([0.01, 0.05, 0.2, 1.0, 2.0, 8.0])
    for probe in [*probe_arguments(6), (start, start, start, start, betas)]:
        arguments = [jnp.asarray(array) for array in probe]
        value = function.value(*arguments)
        assert value.shape == (6, BATCH)
        assert value.dtype == jnp.float32
        assert bool(jnp.isfinite(value).all())
        slopes = function.vjp(*arguments, jnp.full((6, BATCH), 1.0 / BATCH))
        for gradient in slopes:
            assert gradient.shape == (6, BATCH)
            assert bool(jnp.isfinite(gradient).all())


@pytest.mark.parametrize("name", [*LOSSES, *CONTROLS])
def test_every_baseline_exports(baseline: Binder, name: str) -> None:
    function = baseline(name)
    arguments = [jnp.asarray(array) for array in probe_arguments(6)[0]]
    exported = jax.export.export(jax.jit(function.value))(*arguments)
    again = jax.export.deserialize(exported.serialize())
    np.testing.assert_allclose(again.call(*arguments), function.value(*arguments), rtol=2e-5)
