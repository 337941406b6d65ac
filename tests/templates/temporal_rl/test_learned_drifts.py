"""Drifts that are networks: their form, their meta-training, and what is shipped of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agent.proposers.prompts import load_prompts, render
from agent.proposers.selection import Peer
from sandboxes.engines.screen import screen
from templates.errors import UserError
from templates.registry import Template, load_template
from templates.temporal_rl.learned.comparison import COMPARISON
from templates.temporal_rl.learned.evolution import MetaSettings, meta_train, read_result
from templates.temporal_rl.learned.network import NeuralDrift
from templates.temporal_rl.learned.shipping import HISTORY, baseline_code, curve, surface_table

pytestmark = pytest.mark.gate

TINY = MetaSettings(
    timed=True, tasks=("cartpole",), population=4, check_every=2, check_seeds=1, rollouts=10
)


@pytest.mark.parametrize(("timed", "parameters"), [(False, 1152), (True, 2176)])
def test_any_weights_make_a_drift(timed: bool, parameters: int) -> None:
    network = NeuralDrift(timed)
    assert network.parameters == parameters
    weights = 0.3 * jax.random.normal(jax.random.key(0), (parameters,))
    drift = network.function(weights)

    def of_ratio(r: jax.Array, A: jax.Array, t: jax.Array) -> jax.Array:
        return drift(r, jnp.log(r), A, t, jnp.float32(11.0), jnp.float32(0.2))

    ratios, ones = jnp.geomspace(0.4, 2.5, 12), jnp.ones(12)
    advantages, times = jnp.linspace(-3, 3, 12), jnp.linspace(0, 1, 12)
    assert not np.any(jax.vmap(of_ratio)(ones, advantages, times))
    assert not np.any(jax.vmap(jax.grad(of_ratio))(ones, advantages, times))
    beyond, other_times = (
        np.concatenate([jax.vmap(of_ratio)(ratios, sign * advantages, t) for sign in (1, -1)])
        for t in (times, times[::-1])
    )
    assert np.all(beyond >= 0)
    assert np.any(beyond > 0)
    assert np.array_equal(beyond, other_times) != timed


@pytest.mark.parametrize("timed", [False, True])
def test_the_baseline_is_the_network(timed: bool) -> None:
    settings = replace(TINY, timed=timed)
    network = settings.network
    weights = np.asarray(0.2 * jax.random.normal(jax.random.key(1), (network.parameters,)))
    names: dict[str, object] = {}
    code = baseline_code(settings, weights, 3)
    screen(code, load_template("temporal_rl").spec.functions)
    exec(code, names)
    rounded = jnp.round(weights * 1000) / 1000
    sample = tuple(map(jnp.float32, (1.3, np.log(1.3), -0.7, 0.6, 11.0, 0.2)))
    expected = network.function(rounded)(*sample)
    assert names["drift"](*sample) == pytest.approx(float(expected), abs=1e-6)  # type: ignore[operator]
    assert surface_table(network, weights).count("A = ") == (12 if timed else 4)


@pytest.mark.full("templates")
def test_meta_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    told: list[str] = []
    meta_train(TINY, tmp_path / "twice", 1, workers=1, report=told.append)
    resumed, history = meta_train(TINY, tmp_path / "twice", 3, workers=1, report=told.append)
    once, whole = meta_train(TINY, tmp_path / "once", 3, workers=2, report=told.append)
    assert np.array_equal(resumed, once)
    assert history.mean == whole.mean
    assert (whole.checked, history.checked) == ([0, 2, 3], [0, 1, 2, 3])
    assert np.any(once != np.asarray(TINY.network.initial(jax.random.key(0))))
    assert [line.split(":")[0] for line in told[:3]] == [
        "generation 1 of 1",
        "generation 2 of 3",
        "generation 3 of 3",
    ]
    settings, weights, read = read_result(tmp_path / "twice")
    assert settings == TINY
    assert np.array_equal(weights, resumed)
    assert read == history
    with pytest.raises(UserError, match="begun with other settings"):
        meta_train(replace(TINY, seed=1), tmp_path / "once", 4, workers=1)
    with pytest.raises(UserError, match="no meta-training"):
        read_result(tmp_path)


def test_a_network_with_time_can_begin_as_one_without(drift_template: Template) -> None:
    file = drift_template.path / "baselines" / "drift" / "lpo.py"
    without, timed = (replace(TINY, timed=one, begun=str(file)) for one in (False, True))
    sample = tuple(map(jnp.float32, (1.3, np.log(1.3), -0.7, 0.6, 11.0, 0.2)))
    values = [one.network.function(one.initial)(*sample) for one in (without, timed)]
    assert len(timed.initial) == timed.network.parameters
    assert float(values[0]) == pytest.approx(float(values[1]), abs=1e-6)
    assert float(values[0]) > 0


def test_what_is_shipped_was_learned(drift_template: Template) -> None:
    """The mean weights came to score more than the first ones, on seeds kept for that."""
    known = json.loads(HISTORY.read_text(encoding="utf-8"))
    assert set(known) == {"begun", "lpo", "ta_lpo"}
    baselines = {baseline.name: baseline for baseline in drift_template.baselines}
    first = known["begun"]["check"][0]
    for name, of in known.items():
        assert of["check"][-1] > first + 0.1
        if name == "begun":
            continue
        assert f"{len(of['mean'])} generations" in " ".join(baselines[name].citation.split())
        assert "A = " in baselines[name].sketch
    assert curve(known).axes
    compared = json.loads(COMPARISON.read_text(encoding="utf-8"))
    for task in ("cartpole", "cartpole_quarter", "cartpole_quadruple"):
        added, low, high = compared[task]["ahead"]
        assert low <= added <= high
        assert added == pytest.approx(compared[task]["ta_lpo"] - compared[task]["lpo"], abs=2e-4)


def test_a_prompt_asks_for_a_formula_of_what_was_learned(drift_template: Template) -> None:
    baseline = next(one for one in drift_template.baselines if one.name == "ta_lpo")
    parent = Peer(
        "id", 0, "ta_lpo", "", baseline.sketch, "baseline", "search", sketched=True, score=1.0
    )
    variables = {
        "spec": drift_template.spec,
        "parents": [parent],
        "siblings": [],
        "baselines": [parent],
        "failures": [],
        "direction": "something else",
    }
    _, message = render(load_prompts(drift_template.prompt), "propose.jinja", variables)
    assert "the table of ta_lpo" in message.content
    assert "something else" not in message.content
    assert "t = 0.5" in message.content
    assert len(message.content) < 4000
