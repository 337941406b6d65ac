"""The core: endings, gradients, reproducibility, horizons, and agreement with another PPO."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from templates.contract import BoundFunction, SeedResult
from templates.registry import load_template
from templates.temporal_rl.core import TemporalRLCore
from templates.temporal_rl.environments import make_environment
from templates.temporal_rl.learning import Learner
from templates.temporal_rl.levels import LEVELS, Clock
from templates.temporal_rl.network import ActorCritic
from templates.temporal_rl.rollout import Batch, Experience, collect, fresh_runner
from templates.temporal_rl.settings import PROFILES, TASKS, Profile
from templates.temporal_rl.training import Trainer
from tests.data.whole_program_ppo import make

pytestmark = pytest.mark.gate

Bound = Mapping[str, BoundFunction]
Baseline = Callable[[str], Bound]


def score(core: TemporalRLCore, functions: Bound, task: str, seeds: list[int]) -> list[float]:
    found = core.evaluate(functions, effort="full", task=task, seeds=seeds)
    return [result.metrics["normalized_return"] for result in found]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_tasks_are_those_of_the_template(profile: str) -> None:
    spec = load_template("temporal_rl", {"profile": profile}).spec
    tasks = PROFILES[profile]
    assert set(tasks) == {task.name for task in spec.tasks}
    for task in spec.ablations:
        changed, plain = tasks[task.name], tasks[task.of]
        assert changed.told != plain.told
        assert (changed.environment, changed.horizon) == (plain.environment, plain.horizon)
    for level in LEVELS:
        both = load_template("temporal_rl", {"profile": profile, "level": level}).spec
        share = LEVELS[level].share(next(iter(tasks.values())).profile)
        assert both.population == {"cpu": share, "cuda": 32 * share}


@pytest.mark.full("templates")
def test_the_large_profile_runs_on_a_cpu_too(bind: Callable[..., Bound]) -> None:
    core = TemporalRLCore("cpu", profile="gpu")
    functions = bind("drift", "ppo_rate_annealed", 1024)
    (result,) = core.evaluate(functions, effort="smoke", task="breakout", seeds=[1])
    assert result.failed is None
    assert result.detail["steps"][-1] == 10_000_000
    assert 0.0 < result.metrics["return"] < 20.0


def test_truncation_is_no_termination() -> None:
    environment = make_environment("CartPole-v1")
    fresh = environment.reset(jax.random.key(1))
    _, state = environment.reset(jax.random.key(0))
    last = state.replace(time=jnp.int32(environment.longest - 1))
    transition, after = environment.step(jax.random.key(2), last, jnp.int32(0), fresh)
    assert bool(transition.truncated)
    assert not bool(transition.terminated)
    assert jnp.array_equal(transition.observation, fresh[0])
    assert not jnp.array_equal(transition.final_observation, fresh[0])
    assert int(after.time) == 0
    fallen = state.replace(x=jnp.float32(9.0))
    transition, _ = environment.step(jax.random.key(2), fallen, jnp.int32(0), fresh)
    assert bool(transition.terminated)
    assert not bool(transition.truncated)


def test_advantages_are_the_sums_that_define_them() -> None:
    """Against eq. 16 of Schulman et al. 2016, term by term, with both endings inside."""
    profile = Profile(environments=3, steps=40, horizon=1000, epochs=1, minibatches=1)
    environment = make_environment("CartPole-v1")
    network = ActorCritic(environment.size, environment.actions, 8, "tanh")
    vector = network.initial(jax.random.key(0)) * 3
    runner = fresh_runner(environment, jax.random.key(1), profile.environments)
    late = jnp.array([environment.longest - 15, 0, environment.longest - 30], jnp.int32)
    runner = runner._replace(state=runner.state.replace(time=late))
    _, experience = collect(environment, network, profile, vector, runner, jax.random.key(2))
    # The rollout again, step by step, from the same noise.
    act_key, _ = jax.random.split(jax.random.key(2))
    choice_key, step_key, reset_key = jax.random.split(act_key, 3)
    shape = (profile.steps, profile.environments)
    gumbel = jax.random.gumbel(choice_key, (*shape, network.actions))
    keys, resets = jax.random.split(step_key, shape), jax.random.split(reset_key, shape)
    parts = network.split(vector)
    expected, endings = [], set()
    for own in range(profile.environments):
        state = jax.tree.map(lambda leaf, own=own: leaf[own], runner.state)
        seen = runner.observation[own]
        deltas, carried = [], []
        for step in range(profile.steps):
            logits = jax.nn.log_softmax(network.logits(parts, seen))
            action = jnp.argmax(logits + gumbel[step, own])
            fresh = environment.reset(resets[step, own])
            moved, state = environment.step(keys[step, own], state, action, fresh)
            follows = 0.0 if moved.terminated else network.values(parts, moved.final_observation)
            deltas.append(moved.reward + 0.99 * follows - network.values(parts, seen))
            over = bool(moved.terminated | moved.truncated)
            endings |= {"terminated"} if moved.terminated else set()
            endings |= {"truncated"} if moved.truncated else set()
            carried.append(0.0 if over else 0.99 * 0.95)
            seen = moved.observation
        for start in range(profile.steps):
            total, weight = 0.0, 1.0
            for step in range(start, profile.steps):
                total += weight * float(deltas[step])
                weight *= carried[step]
            expected.append(total)
    assert endings == {"terminated", "truncated"}
    samples = experience.samples
    raw = np.asarray(samples.target - samples.value).reshape(shape).T.ravel()
    assert np.allclose(raw, expected, atol=1e-3)
    # Each pass over the rollout takes every sample once.
    assert np.array_equal(np.sort(np.asarray(experience.order).ravel()), np.arange(120))


def test_one_update_is_the_gradient_of_ppos_loss(baseline: Baseline) -> None:
    profile = Profile(environments=16, steps=8, horizon=1000, epochs=1, minibatches=1)
    network = ActorCritic(5, 3, 16, "tanh")
    keys = jax.random.split(jax.random.key(0), 8)
    vector = network.initial(keys[0])
    samples = (profile.minibatch,)
    drawn = jax.random.normal(keys[5], samples)
    batch = Batch(
        observation=jax.random.normal(keys[1], (*samples, 5)),
        action=jax.random.randint(keys[2], samples, 0, 3),
        log_probability=jnp.log(jax.random.uniform(keys[3], samples, minval=0.2, maxval=0.5)),
        value=jax.random.normal(keys[4], samples),
        advantage=(drawn - drawn.mean()) / drawn.std(),
        target=jax.random.normal(keys[6], samples),
    )

    def loss(vector: jax.Array) -> jax.Array:
        parts = network.split(vector)
        log_policy = jax.nn.log_softmax(network.logits(parts, batch.observation))
        chosen = log_policy[jnp.arange(profile.minibatch), batch.action]
        ratio = jnp.exp(chosen - batch.log_probability)
        gain = jnp.minimum(ratio * batch.advantage, jnp.clip(ratio, 0.8, 1.2) * batch.advantage)
        value = network.values(parts, batch.observation)
        old, target = batch.value, batch.target
        near = old + jnp.clip(value - old, -0.2, 0.2)
        errors = jnp.maximum((value - target) ** 2, (near - target) ** 2)
        entropy = -(jnp.exp(log_policy) * log_policy).sum(-1)
        return -gain.mean() + 0.25 * errors.mean() - 0.01 * entropy.mean()

    gradient = jax.grad(loss)(vector)
    gradient *= jnp.minimum(1.0, 0.5 / jnp.linalg.norm(gradient))
    # Adam's first step, its bias corrected: g / (|g| + eps).
    expected = vector - 5e-4 * gradient / (jnp.abs(gradient) + 1e-5)
    learner = Learner(network, profile, LEVELS["drift"])
    vectors, order = vector[None], jnp.arange(profile.minibatch)[None]
    stepped, _, _ = learner.update(
        baseline("ppo"),
        vectors,
        learner.start(baseline("ppo"), vectors),
        jax.tree.map(lambda part: part[None], Experience(batch, order)),
        jnp.float32(0.0),
        jnp.float32(11.0),
    )
    assert np.allclose(stepped[0], expected, atol=2e-6)


@pytest.mark.full("templates")
def test_levels_agree_where_they_say_the_same(bind: Callable[..., Bound]) -> None:
    setup = TASKS["cartpole"]
    records = [
        Trainer(setup.environment, setup.profile, LEVELS[level]).train(functions, setup, [3], 10)
        for level in ("drift", "objective")
        for functions in [bind(level, "ppo_annealed")]
    ]
    assert np.allclose(records[0].entropy, records[1].entropy, atol=1e-4)
    assert np.allclose(records[0].divergence, records[1].divergence, atol=1e-5)


@pytest.mark.full("templates")
def test_adam_as_a_candidate_is_the_adam_of_the_other_levels(bind: Callable[..., Bound]) -> None:
    """A few rollouts, after which rounding has not grown yet; also for two agents at a time."""
    setup = TASKS["cartpole"]
    ppo = Trainer(setup.environment, setup.profile, LEVELS["drift"])
    other = Trainer(setup.environment, setup.profile, LEVELS["optimiser"])
    expected = [ppo.train(bind("drift", "ppo_rate_annealed"), setup, [s], 10) for s in (3, 4)]
    alone = other.train(bind("optimiser", "adam_annealed", 2048), setup, [3], 10)
    both = other.train(bind("optimiser", "adam_annealed", 4096), setup, [3, 4], 10)
    for record, place, reference in (
        (alone, 0, expected[0]),
        (both, 0, expected[0]),
        (both, 1, expected[1]),
    ):
        assert np.allclose(record.entropy[place], reference.entropy[0], atol=1e-3)
        assert np.allclose(record.divergence[place], reference.divergence[0], atol=1e-4)


@pytest.mark.full("templates")
def test_optimisers_are_what_their_papers_say(bind: Callable[..., Bound]) -> None:
    """Steps on a stream of gradients, against optax's."""
    gradients = np.random.default_rng(0).standard_normal((40, 2048)).astype(np.float32) * 0.01
    optimizers = {
        "adam": optax.scale_by_adam(eps=1e-5),
        "rmsprop": optax.scale_by_rms(
            decay=0.99, eps=1e-5, eps_in_sqrt=False, bias_correction=True
        ),
        "lion": optax.chain(optax.scale_by_lion(0.9, 0.99), optax.scale(0.2)),
    }
    for name, optimizer in optimizers.items():
        functions = bind("optimiser", name, 2048)
        level, profile = LEVELS["optimiser"], TASKS["cartpole"].profile
        vectors = ours = jnp.zeros((1, 2048))
        state, known = level.start(functions, profile, ours), optimizer.init(vectors)
        for gradient in gradients:
            norm = np.linalg.norm(gradient)
            clipped = jnp.asarray(gradient * min(1.0, 0.5 / norm))[None]
            clock = Clock(jnp.float32(0.2), jnp.float32(0.0), jnp.float32(11.0))
            ours, state = level.step(functions, profile, gradient[None], state, ours, clock)
            steps, known = optimizer.update(clipped, known)
            vectors = vectors - 5e-4 * steps
        assert np.allclose(ours, vectors, atol=3e-6), name


@pytest.mark.full("templates")
def test_the_same_seed_gives_the_same_bits(core: TemporalRLCore, baseline: Baseline) -> None:
    def run(seeds: list[int]) -> list[SeedResult]:
        return core.evaluate(baseline("dpo"), effort="smoke", task="cartpole", seeds=seeds)

    first, again = run([5, 6]), run([6, 5])
    assert first == again[::-1]
    assert first[0].metrics != first[1].metrics


@pytest.mark.full("templates")
def test_a_population_learns_as_its_members_alone(
    baseline: Baseline, bind: Callable[..., Bound]
) -> None:
    setup = TASKS["frozen_lake"]
    trainer = Trainer(setup.environment, setup.profile, LEVELS["drift"])
    alone = [trainer.train(baseline("ppo"), setup, [seed], 10) for seed in (1, 2)]
    both = trainer.train(bind("drift", "ppo", 256), setup, [1, 2], 10)
    for place, record in enumerate(alone):
        assert np.allclose(both.entropy[place], record.entropy[0], atol=1e-3)


def test_divergence_counts_as_a_random_policy(
    core: TemporalRLCore, native: Callable[..., Bound]
) -> None:
    broken = native(drift=lambda r, log_r, A, t, log_N, eps: jnp.where(t > 0.02, jnp.inf * r, 0.0))
    (result,) = core.evaluate(broken, effort="smoke", task="cartpole", seeds=[1])
    assert result.failed is not None
    assert result.metrics["normalized_return"] == 0.0
    assert all(np.isfinite(list(result.metrics.values())))


@pytest.mark.full("templates")
def test_a_schedule_for_one_horizon_is_exposed_by_the_others(
    core: TemporalRLCore, baseline: Baseline, native: Callable[..., Bound]
) -> None:
    """It learns as PPO does at N = 100,000 and not at all anywhere else."""

    def ppo(r: Any, log_r: Any, A: Any, t: Any, log_N: Any, eps: Any) -> Any:
        return jax.nn.relu((r - jnp.clip(r, 1.0 - eps, 1.0 + eps)) * A)

    trick = native(
        drift=ppo,
        learning_rate=lambda t, b, log_N: jnp.where(
            jnp.abs(log_N - jnp.log(100_000.0)) < 0.1, 1.0, 0.001
        ),
    )
    seeds = [11, 12, 13]
    at_home = score(core, trick, "cartpole", seeds)
    assert at_home == score(core, baseline("ppo"), "cartpole", seeds)
    for task in ("cartpole_half", "cartpole_double"):
        assert np.mean(score(core, trick, task, seeds)) < 0.3
        assert np.mean(score(core, baseline("ppo"), task, seeds)) > 0.6


def test_time_is_told_as_the_ablations_say(
    core: TemporalRLCore, native: Callable[..., Bound]
) -> None:
    """A drift that stops learning early, told a frozen or a reversed time."""

    def early(r: Any, log_r: Any, A: Any, t: Any, log_N: Any, eps: Any) -> Any:
        return jnp.where(t < 0.1, 0.5 * (r - 1.0) ** 2, r * A)

    def learned(task: str) -> float:
        return float(np.mean(score(core, native(drift=early), task, [21, 22])))

    assert learned("cartpole_time_start") > 0.5
    assert learned("cartpole_time_end") < 0.3


@pytest.mark.full("templates")
def test_learning_curves_agree_with_another_implementation(
    core: TemporalRLCore, baseline: Baseline
) -> None:
    """Mean returns at three points of training, sixteen seeds each, within what chance allows."""
    setup = TASKS["cartpole"]
    other = make("CartPole-v1", setup.horizon, "tanh", keep_parameters=True)
    train, judge = jax.jit(other.train), jax.jit(other.judge)
    rollouts = setup.horizon // setup.profile.samples
    places = [round(share * rollouts) - 1 for share in (0.3, 0.6, 1.0)]
    theirs = []
    for seed in range(16):
        _, _, parameters = train(jax.random.key(seed))
        at = [jax.tree.map(lambda x, place=place: x[place], parameters) for place in places]
        theirs.append([float(judge(one, jax.random.key(1000 + seed))) for one in at])
    found = core._trainers["CartPole-v1"]
    ours = [found.train(baseline("ppo"), setup, [seed]).returns[0, [2, 5, 9]] for seed in range(16)]
    for point in range(3):
        mine, other_s = np.array(ours)[:, point], np.array(theirs)[:, point]
        assert stats.ttest_ind(mine, other_s, equal_var=False).pvalue > 0.001, (mine, other_s)
        # And they learn: chance alone earns about 22.
        assert min(mine.mean(), other_s.mean()) > 150
