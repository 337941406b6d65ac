"""Learning progress and the samplers built on it, against plain loops in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray

from templates.native import load_native
from templates.omni.features import COLUMNS, Facts
from templates.omni.interestingness import chosen_by, interesting, same_value
from templates.omni.progress import (
    fresh_progress,
    learning_progress,
    normalized_success,
    probabilities,
    reweighted,
    updated,
)
from templates.omni.settings import TASKS
from templates.registry import load_template

pytestmark = pytest.mark.gate

Floats = NDArray[np.float64]
TEMPLATE = load_template("omni")
COUNT = TEMPLATE.spec.functions[0].returns_shape[0]


def reference_averages(measured: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """``measured`` is ``[times, tasks]``; task by task, number by number."""
    fast, slow = np.zeros(len(chance)), np.zeros(len(chance))
    for task in range(len(chance)):
        for time, p in enumerate(measured[:, task]):
            q = max(0.0, p - chance[task]) / (1.0 - chance[task])
            if time == 0:
                fast[task] = slow[task] = q
            else:
                fast[task] = 0.1 * q + 0.9 * fast[task]
                slow[task] = 0.1 * fast[task] + 0.9 * slow[task]
    return fast, slow


def reference_progress(fast: Floats, slow: Floats) -> Floats:
    def f(p: float) -> float:
        return 0.9 * p / (p + 0.1 * (1 - 2 * p))

    return np.array([abs(f(a) - f(b)) for a, b in zip(fast, slow, strict=True)])


def reference_probabilities(progress: Floats, success: Floats) -> Floats:
    drawn = [i for i in range(len(progress)) if progress[i] > 0 or success[i] > 0]
    if not drawn:
        return np.full(len(progress), 1 / len(progress))
    values = progress[drawn]
    deviation = values.std() or 1.0
    squashed = 1 / (1 + np.exp(-(values - values.mean()) / deviation))
    found = np.zeros(len(progress))
    found[drawn] = squashed / squashed.sum()
    return found


def reference_boring(alike: Floats, success: Floats) -> NDArray[np.bool_]:
    """OMNI's procedure: from the best task down, each unclassified one makes others boring."""
    order = sorted(range(len(success)), key=lambda i: (-success[i], i))
    label: dict[int, bool] = {}
    for representative in order:
        if representative in label:
            continue
        label[representative] = False
        for other in order:
            if other not in label and alike[other] == alike[representative]:
                label[other] = True
    return np.array([label[i] for i in range(len(success))])


def history(seed: int, tasks: int = 40, times: int = 25) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    chance = random.choice([0.0, 0.0, 0.1, 0.5], tasks)
    ease = random.uniform(-0.5, 1.0, tasks)
    rising = ease * np.linspace(0.2, 1, times)[:, None]
    return (random.random((times, tasks, 2)) < rising[..., None]).mean(axis=2), chance


@pytest.mark.parametrize("seed", range(3))
def test_averages_and_probabilities_are_those_of_the_definition(seed: int) -> None:
    measured, chance = history(seed)
    progress = fresh_progress(measured.shape[1])
    for time, success in enumerate(measured):
        progress = updated(progress, jnp.asarray(success), jnp.asarray(chance))
        fast, slow = reference_averages(measured[: time + 1], chance)
        assert np.allclose(progress.fast, fast, atol=1e-6)
        assert np.allclose(progress.slow, slow, atol=1e-6)
        found = learning_progress(progress.fast, progress.slow)
        expected = reference_progress(fast, slow)
        assert np.allclose(found, expected, atol=2e-6)
        likely = probabilities(found, progress.success)
        exact = reference_probabilities(np.asarray(found, float), np.asarray(progress.success))
        assert np.allclose(likely, exact, atol=1e-5)
    assert int(progress.generations) == len(measured)
    raw = np.asarray(measured[0])
    for success in measured[1:]:
        raw = 0.1 * success + 0.9 * raw
    assert np.allclose(progress.success, raw, atol=1e-6)


def test_exact_numbers() -> None:
    assert float(reweighted(jnp.float32(0.5))) == pytest.approx(0.9)
    assert float(reweighted(jnp.float32(0.1))) == pytest.approx(0.09 / 0.18)
    assert float(reweighted(jnp.float32(0.0))) == 0.0
    assert float(reweighted(jnp.float32(1.0))) == pytest.approx(1.0)
    assert float(normalized_success(jnp.float32(0.6), jnp.float32(0.2))) == pytest.approx(0.5)
    assert float(normalized_success(jnp.float32(0.1), jnp.float32(0.2))) == 0.0
    # Forgetting counts as learning does.
    up = learning_progress(jnp.array([0.3]), jnp.array([0.1]))
    assert np.array_equal(up, learning_progress(jnp.array([0.1]), jnp.array([0.3])))


def test_without_any_success_all_tasks_are_alike() -> None:
    none = jnp.zeros(8)
    assert np.allclose(probabilities(none, none), 1 / 8)
    # One that was done but does not change is drawn, and those never done are not.
    once = none.at[3].set(0.5)
    assert np.array_equal(probabilities(none, once), np.eye(8)[3])


def state(seed: int) -> tuple[Floats, ...]:
    """Arguments of a sampler, ``[1, tasks, ...]``."""
    random = np.random.default_rng(seed)
    success = np.where(random.random(COUNT) < 0.3, random.random(COUNT), 0.0)
    fast = 0.8 * success
    slow = fast * random.uniform(0.3, 1.0, COUNT)
    told = np.zeros((COUNT, len(COLUMNS)))
    told[:, 0] = random.integers(0, 60, COUNT)
    told[:, 1] = random.integers(1, 11, COUNT)
    told[:, 3] = random.integers(0, 40, COUNT)
    told[:, 5] = success
    return fast, slow, np.zeros(COUNT), told


@pytest.fixture(scope="module")
def sampler() -> Callable[[str, tuple[Floats, ...]], Floats]:
    def run(name: str, arguments: tuple[Floats, ...]) -> Floats:
        path = TEMPLATE.path / "baselines" / f"{name}.py"
        bound = load_native(path, TEMPLATE.spec.functions[0], 1)
        value = bound.value(*(jnp.asarray(a[None], jnp.float32) for a in arguments))
        weights: Floats = np.asarray(value[0], np.float64)
        shares: Floats = weights / weights.sum()
        return shares

    return run


@pytest.mark.parametrize("seed", range(3))
def test_baselines_are_what_they_say(
    sampler: Callable[[str, tuple[Floats, ...]], Floats], seed: int
) -> None:
    arguments = state(seed)
    fast, slow, _, told = arguments
    likely = reference_probabilities(reference_progress(fast, slow), told[:, 5])
    interesting = np.array([task.kind == "interesting" for task in TASKS["standard"].tasks.tasks])
    labels = {
        "learning_progress": np.zeros(COUNT, bool),
        "learning_progress_rule": reference_boring(told[:, 0], told[:, 5]),
        "embedding_clusters": reference_boring(told[:, 3], told[:, 5]),
        "oracle": ~interesting,
    }
    assert sum(interesting) == 15
    for name, boring in labels.items():
        expected = likely * np.where(boring, 0.001, 1.0)
        assert np.allclose(sampler(name, arguments), expected / expected.sum(), atol=1e-6), name
    assert np.allclose(sampler("uniform", arguments), 1 / COUNT)
    done = told[:, 5]
    floor = 1e-4
    learnable = np.where(done > 0, abs(fast - slow) + 0.1 * done * (1 - done), 0) / told[:, 1]
    expected = (learnable + floor) / (learnable + floor).sum()
    assert np.allclose(sampler("learnability", arguments), expected, atol=1e-6)
    never = sampler("control_never_done", arguments)
    assert never[told[:, 5] > 0].sum() == 0.0


def test_the_oracle_knows_the_places_of_every_profile() -> None:
    import runpy

    from templates.omni.settings import PROFILES

    places = runpy.run_path(str(TEMPLATE.path / "baselines" / "oracle.py"))["PLACES"]
    for setups in PROFILES.values():
        for setup in setups.values():
            tasks = setup.tasks.tasks
            found = {tasks[place].kind for place in places[len(tasks)]}
            assert found == {"interesting"}
            assert len(set(places[len(tasks)])) == 15


@pytest.mark.parametrize("seed", range(3))
def test_a_matrix_decides_as_the_procedure_does(
    sampler: Callable[[str, tuple[Floats, ...]], Floats], seed: int
) -> None:
    """A rule put into the matrix is the baseline with that rule; any matrix is OMNI's procedure."""
    arguments = state(seed)
    facts = Facts(arguments[3][:, :4].astype(np.float32), np.zeros((COUNT, COUNT), np.float32))
    for column, name in ((0, "learning_progress_rule"), (3, "embedding_clusters")):
        fast, slow, counts, told = (jnp.asarray(a[None], jnp.float32) for a in arguments)
        matrix = jnp.asarray(same_value(facts, column))
        weights = np.asarray(chosen_by(fast, slow, counts, told, matrix)[0], np.float64)
        assert np.allclose(weights / weights.sum(), sampler(name, arguments), atol=1e-6)
    random = np.random.default_rng(seed)
    boring = random.random((60, 60)) < 0.1
    np.fill_diagonal(boring, False)
    success = random.integers(0, 8, 60) / 8
    label: dict[int, bool] = {}
    for place in sorted(range(60), key=lambda i: (-success[i], i)):
        if place not in label:
            label[place] = True
            for other in range(60):
                if boring[place, other] and other not in label:
                    label[other] = False
    found = interesting(jnp.asarray(success), jnp.asarray(boring))
    assert found.tolist() == [label[place] for place in range(60)]
    assert 5 < sum(label.values()) < 55
