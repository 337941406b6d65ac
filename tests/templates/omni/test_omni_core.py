"""The core: advantages, gradients, reproducibility, what is compiled and what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from templates.contract import BoundFunction
from templates.native import NativeFunction, load_native
from templates.omni.core import KINDS, OmniCore, results
from templates.omni.interestingness import chosen_by
from templates.omni.learning import loss
from templates.omni.network import Agent
from templates.omni.rollout import Experience, collect, fresh_runner, success_rates
from templates.omni.settings import POINTS, PROFILES, TASKS, Setup
from templates.omni.technology import Action
from templates.omni.training import Trainer, distribution, make_space
from templates.omni.world import World, make_params
from templates.registry import Template, load_template

pytestmark = pytest.mark.gate

SMALL = replace(
    TASKS["standard"].profile, environments=8, steps=32, rollouts=3, minibatches=2, epochs=1
)
SETUP = Setup(SMALL, SMALL.generation * 3)


@contextmanager
def compilations() -> Iterator[list[str]]:
    """Names of the programs that JAX compiles meanwhile."""
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **told: str | int) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(str(told["fun_name"]))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield compiled
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


@pytest.fixture(scope="module")
def template() -> Template:
    return load_template("omni")


@pytest.fixture(scope="module")
def bind(template: Template) -> Callable[..., BoundFunction]:
    def bind(sampler: str | Callable[..., jax.Array], population: int = 1) -> BoundFunction:
        signature = template.spec.functions[0]
        if callable(sampler):
            return NativeFunction(sampler, signature, population)
        return load_native(template.path / "baselines" / f"{sampler}.py", signature, population)

    return bind


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer(SMALL, len(SETUP.tasks.vocabulary))


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_tasks_and_shapes_are_those_of_the_template(profile: str) -> None:
    spec = load_template("omni", {"profile": profile}).spec
    tasks = PROFILES[profile]
    assert set(tasks) == {task.name for task in spec.tasks}
    for setup in tasks.values():
        count = len(setup.tasks.tasks)
        assert count == setup.profile.tasks
        assert all(one.shape[0] == count for one in spec.functions[0].arguments)
        assert spec.functions[0].returns_shape == (count,)
        assert setup.tasks.possible.sum() == 128
    assert {len(setup.tasks.vocabulary) for setup in tasks.values()} == {
        len(tasks["standard"].tasks.vocabulary)
    }
    names = [{task.name for task in tasks[one].tasks.tasks} for one in ("standard", "other_words")]
    kept = names[0] & names[1]
    # The interesting tasks and their synonyms, which change places.
    if profile == "cpu":
        assert len(kept) == 30


def test_weights_become_probabilities() -> None:
    weights = jnp.array(
        [
            [1.0, 3.0, 0.0, 0.0],
            [1e38, 3e38, 5e29, 5e29],
            [-1.0, 2.0, jnp.nan, jnp.inf],
            [0.0, 0.0, 0.0, 0.0],
        ]
    )
    found, wrong = distribution(weights)
    assert np.allclose(
        found,
        np.array([[0.25, 0.75, 0, 0], [1 / 3, 1 / 3, 1 / 6, 1 / 6], [0, 1, 0, 0], [0.25] * 4]),
        atol=1e-6,
    )
    assert wrong.tolist() == [0, 0, 1, 1]


@pytest.mark.full("templates")
def test_episodes_follow_the_probabilities_and_end(trainer: Trainer) -> None:
    """Drawn tasks are those that may be drawn, in their shares; advantages are their sums."""
    space = make_space(SETUP)
    profile = replace(SMALL, environments=16, steps=200, limit=20)
    tasks = SETUP.tasks
    params = make_params(tasks, maps=8, limit=20)
    world = World(len(tasks.vocabulary))
    agent = Agent(world.observation_space(params).shape[0], len(Action), 8, 8)
    weights = agent.initial(jax.random.key(0))
    chances = np.zeros(len(tasks.tasks), np.float32)
    two = [int(place) for place in np.flatnonzero(~tasks.possible)[[3, -1]]]
    chances[two] = 0.25, 0.75
    begun = fresh_runner(world, agent, params, jnp.asarray(chances), jax.random.key(1), 16)
    after, found, ended = jax.jit(
        lambda key: collect(
            world, agent, profile, params, jnp.asarray(chances), weights, begun, key
        )
    )(jax.random.key(2))
    ended = np.asarray(ended)
    # Impossible tasks end by time alone: after 20, 40, ..., 200 steps.
    assert ended.sum() == 16 * 10
    assert set(np.flatnonzero(ended)) == set(two)
    assert 0.6 < ended[two[1]] / ended.sum() < 0.9
    begins = np.asarray(found.begins)
    assert begins[::20].all()
    assert begins.sum() == 160
    # Without any reward, an advantage is what the critic was wrong by, summed until the end.
    values = np.asarray(found.target - found.advantage)
    expected = np.zeros_like(values)
    for start in range(200):
        weight = 1.0
        for step in range(start, (start // 20 + 1) * 20):
            last = step % 20 == 19
            error = (0.0 if last else profile.discount * values[step + 1]) - values[step]
            expected[start] += weight * error
            weight *= profile.discount * profile.trace
    assert np.allclose(found.advantage, expected, atol=1e-5)
    assert int(after.state.time.max()) == 0
    assert space.params.grids.shape != space.unseen.grids.shape or not np.array_equal(
        space.params.grids, space.unseen.grids
    )


@pytest.mark.full("templates")
def test_unrolling_is_acting_again() -> None:
    """What learning sees of the policy that acted is what acted, across episodes' ends."""
    profile = replace(SMALL, environments=4, steps=60, limit=25)
    params = make_params(SETUP.tasks, maps=4, limit=25)
    world = World(len(SETUP.tasks.vocabulary))
    agent = Agent(world.observation_space(params).shape[0], len(Action), 16, 16)
    weights = jax.tree.map(lambda leaf: 2.0 * leaf, agent.initial(jax.random.key(0)))
    chances = jnp.full(len(SETUP.tasks.tasks), 1 / len(SETUP.tasks.tasks))
    runner = fresh_runner(world, agent, params, chances, jax.random.key(1), 4)
    for key in range(2):
        runner, found, _ = collect(
            world, agent, profile, params, chances, weights, runner, jax.random.key(key)
        )
    log_policy, value = agent.unroll(weights, found.hidden, found.observation, found.begins)
    chosen = jnp.take_along_axis(log_policy, found.action[..., None], axis=-1)[..., 0]
    assert np.allclose(chosen, found.log_probability, atol=1e-5)
    assert np.allclose(value, found.target - found.advantage, atol=1e-5)
    assert np.ptp(np.asarray(found.log_probability)) > 0.01


@pytest.mark.full("templates")
def test_the_loss_is_ppos() -> None:
    """Against the definition in NumPy, at ratios on both sides of the clipping."""
    agent = Agent(6, 3, 8, 8)
    weights = agent.initial(jax.random.key(0))._replace(
        head=jax.random.normal(jax.random.key(1), (16, 4))
    )
    keys = jax.random.split(jax.random.key(2), 6)
    shape = (5, 4)
    batch = Experience(
        observation=jax.random.normal(keys[0], (*shape, 6)),
        action=jax.random.randint(keys[1], shape, 0, 3),
        log_probability=jnp.log(jax.random.uniform(keys[2], shape, minval=0.1, maxval=0.9)),
        advantage=jax.random.normal(keys[3], shape),
        target=jax.random.normal(keys[4], shape),
        begins=jax.random.bernoulli(keys[5], 0.3, shape),
        hidden=jnp.ones((4, 8)),
    )
    log_policy, value = (
        np.asarray(part, float)
        for part in agent.unroll(weights, batch.hidden, batch.observation, batch.begins)
    )
    advantage = np.asarray(batch.advantage, float)
    advantage = (advantage - advantage.mean()) / advantage.std()
    gain = error = entropy = 0.0
    beyond = 0
    for step in range(5):
        for own in range(4):
            policy = np.exp(log_policy[step, own])
            old = float(np.exp(batch.log_probability[step, own]))
            ratio = policy[int(batch.action[step, own])] / old
            beyond += abs(ratio - 1) > 0.2
            clipped = min(max(ratio, 0.8), 1.2)
            gain += min(ratio * advantage[step, own], clipped * advantage[step, own]) / 20
            error += (value[step, own] - float(batch.target[step, own])) ** 2 / 40
            entropy -= (policy * np.log(policy)).sum() / 20
    assert 0 < beyond < 20
    expected = 0.5 * error - gain - 0.01 * entropy
    assert float(loss(weights, agent, SMALL, batch)) == pytest.approx(expected, abs=1e-4)
    # Small advantages are not blown up: a tenth of the least spread counts a tenth.
    small = batch._replace(advantage=0.01 * batch.advantage / batch.advantage.std())
    wide = batch._replace(advantage=0.1 * batch.advantage / batch.advantage.std())
    plain = replace(SMALL, value=0.0, entropy=0.0, spread=0.1)
    gains = [float(loss(weights, agent, plain, one)) for one in (small, wide)]
    assert gains[0] == pytest.approx(0.1 * gains[1], rel=1e-3)


@pytest.mark.full("templates")
def test_the_same_seed_gives_the_same_bits_and_counts_are_of_episodes(
    trainer: Trainer, bind: Callable[..., BoundFunction]
) -> None:
    sampler = bind("learning_progress").value
    one, two, other = (trainer.train(sampler, SETUP, [seed]) for seed in (1, 1, 2))
    for first, second in zip(one, two, strict=True):
        assert np.array_equal(first, second)
    assert not np.array_equal(one.counts, other.counts)
    assert one.invalid.tolist() == [0]
    assert bool(one.finite[0])
    assert np.allclose(one.drawn.sum(axis=2), 1.0, atol=1e-5)
    # 8 environments x 288 steps, and no episode takes more than 128.
    assert 16 <= one.counts.sum() <= 8 * 288


@pytest.mark.full("templates")
def test_members_learn_as_they_do_alone(
    trainer: Trainer, bind: Callable[..., BoundFunction]
) -> None:
    alone = [trainer.train(bind("uniform").value, SETUP, [seed]) for seed in (3, 4)]
    both = trainer.train(bind("uniform", 2).value, SETUP, [3, 4])
    for place, one in enumerate(alone):
        assert np.allclose(both.drawn[place], one.drawn[0])
        assert np.array_equal(both.counts[place], one.counts[0])


@pytest.mark.full("templates")
def test_another_choice_compiles_nothing_but_itself(
    trainer: Trainer, bind: Callable[..., BoundFunction]
) -> None:
    other = replace(SETUP, space="renamed", seed=7, horizon=2 * SETUP.horizon)
    # A matrix is an input of the choice itself.
    matrix = jnp.zeros((SMALL.tasks, SMALL.tasks), bool)
    opposite = ~matrix
    with compilations() as first:
        trainer.train(bind("uniform").value, SETUP, [1], 1)
    # What another candidate compiles is its choice, and nothing else.
    assert "jit(choose)" in first
    with compilations() as second:
        trainer.train(bind("oracle").value, other, [1], 1)
    assert second == ["jit(choose)"]
    with compilations() as third:
        trainer.train(chosen_by, SETUP, [1], 1, matrix)
    assert third == ["jit(choose)"]
    with compilations() as fourth:
        trainer.train(chosen_by, SETUP, [1], 1, opposite)
    assert fourth == []


def test_a_sampler_that_breaks_its_word_is_told(
    trainer: Trainer, bind: Callable[..., BoundFunction]
) -> None:
    negative = bind(lambda fast, slow, counts, told: told[:, 5] - 2.0)
    record = trainer.train(negative.value, SETUP, [1])
    assert record.invalid.tolist() == [3]
    (result,) = results("standard", SETUP, [1], record)
    assert result.failed is not None
    assert "3 of 3" in result.failed


@pytest.mark.full("templates")
def test_random_success_is_what_the_file_says() -> None:
    space = make_space(TASKS["standard"])
    tasks = TASKS["standard"].tasks
    profile = TASKS["standard"].profile
    world = World(len(tasks.vocabulary))
    agent = Agent(world.observation_space(space.params).shape[0], len(Action), 4, 4)
    weights = jax.tree.map(jnp.zeros_like, agent.initial(jax.random.key(0)))
    names = ["collect wood", "place table", "make wood pickaxe", "collect diamond"]
    places = jnp.array([tasks.index(name) for name in names])
    rates = success_rates(
        world, agent, space.params, weights, places, 128, profile.limit, jax.random.key(9)
    )
    assert np.allclose(rates, space.chance[places], atol=0.15)
    assert rates[3] == 0.0
    assert rates[0] > 0.1
    assert not np.asarray(space.chance)[~tasks.possible].any()


@pytest.mark.full("templates")
def test_a_core_scores_and_describes(bind: Callable[..., BoundFunction]) -> None:
    core = OmniCore("cpu")
    seen = {}
    for name in ("uniform", "learning_progress_rule", "oracle", "control_never_done"):
        curves = core.curves({"weights": bind(name)})
        assert set(curves["shares"]) == set(KINDS)
        assert np.allclose(np.sum(list(curves["shares"].values()), axis=0), 1.0, atol=1e-4)
        seen[name] = curves
    assert seen["uniform"]["shares"]["impossible"][0] == pytest.approx(384 / 512)
    assert seen["oracle"]["flags"] == ["depends_on_order"]
    assert seen["oracle"]["shares"]["interesting"][-1] > 0.9
    assert seen["control_never_done"]["shares"]["impossible"][-1] > 0.7
    assert [seen[name]["flags"] for name in ("uniform", "control_never_done")] == [[], []]
    (arguments, *_) = core.probes()["weights"]
    spec = load_template("omni").spec.functions[0]
    assert [array.shape for array in arguments] == [(1, *one.shape) for one in spec.arguments]
    (result,) = core.evaluate({"weights": bind("uniform")}, effort="smoke", task="half", seeds=[5])
    assert result.failed is None
    assert set(result.metrics) == {metric.name for metric in load_template("omni").spec.metrics}
    assert 0.0 < result.metrics["success"] < 0.5
    assert len(result.detail["names"]) == len(result.detail["interesting"][0]) == 15
    assert len(result.detail["curve"]) <= POINTS
