"""Actions that are vectors: their distribution, running scales, learning, and Brax's robots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from templates.contract import BoundFunction
from templates.errors import UserError
from templates.temporal_rl.environments import BraxEnvironment, make_environment
from templates.temporal_rl.levels import LEVELS
from templates.temporal_rl.network import ActorCritic
from templates.temporal_rl.scales import fresh_scales, scaled_observation, scaled_reward, seen
from templates.temporal_rl.settings import Profile, Setup
from templates.temporal_rl.training import Trainer

pytestmark = pytest.mark.gate

Bound = Mapping[str, BoundFunction]


def test_a_vectors_density_and_entropy_are_the_normal_ones() -> None:
    network = ActorCritic(3, 2, 8, "tanh", continuous=True)
    vector = network.initial(jax.random.key(0)).at[-2:].set(jnp.array([0.3, -0.7]))
    assert vector.shape == (network.parameters,)
    parts = network.split(vector)
    assert np.array_equal(network.join(parts), vector)
    observations = jax.random.normal(jax.random.key(1), (5, 3))
    actions, drawn = network.draw(parts, observations, network.noise(jax.random.key(2), (5,)))
    judged, entropy = network.judge(parts, observations, actions)
    mean = np.asarray(network.logits(parts, observations))
    expected = stats.norm(mean, np.exp([0.3, -0.7])).logpdf(actions).sum(axis=1)
    assert np.allclose(drawn, expected, atol=1e-5)
    assert np.allclose(judged, expected, atol=1e-5)
    assert np.allclose(entropy, np.sum(stats.norm(0, np.exp([0.3, -0.7])).entropy()), atol=1e-5)


def test_scales_are_the_moments_of_what_was_seen() -> None:
    random = np.random.default_rng(0)
    observations = random.normal(3.0, 2.0, (2, 50, 4, 3)).astype(np.float32)
    rewards = random.normal(1.0, 5.0, (2, 50, 4)).astype(np.float32)
    over = random.random((2, 50, 4)) < 0.1
    scales = fresh_scales(4, 3)
    gains, summed = np.zeros(4), []
    for rollout in range(2):
        scales = seen(scales, observations[rollout], rewards[rollout], over[rollout], 0.9)
        for step in range(50):
            gains = 0.9 * gains + rewards[rollout, step]
            summed.append(gains.copy())
            gains = np.where(over[rollout, step], 0.0, gains)
    flat = observations.reshape(-1, 3)
    assert np.allclose(scales.observation.mean, flat.mean(axis=0), atol=1e-3)
    assert np.allclose(scales.observation.variance, flat.var(axis=0), rtol=1e-3)
    assert np.allclose(scales.gain.variance, np.var(summed), rtol=1e-3)
    assert np.allclose(scales.gains, gains, atol=1e-3)
    shown = np.asarray(scaled_observation(scales, jnp.asarray(flat)))
    assert np.allclose([shown.mean(), shown.std()], [0.0, 1.0], atol=1e-3)
    assert np.allclose(scaled_reward(scales, jnp.float32(1.0)), 1 / np.std(summed), rtol=1e-3)


@pytest.mark.full("templates")
def test_a_pendulum_is_swung_up(bind: Callable[..., Bound]) -> None:
    profile = Profile(
        environments=16,
        steps=128,
        horizon=200_000,
        learning_rate=1e-3,
        discount=0.95,
        entropy=0.0,
        scaled=True,
    )
    trainer = Trainer("Pendulum-v1", profile, LEVELS["drift"])
    setup = Setup("Pendulum-v1", profile, profile.horizon)
    returns = trainer.train(bind("drift", "ppo", profile.minibatch), setup, [1]).returns[0]
    assert trainer.random_return([1])[0] < -1000
    assert returns[-1] > -500


@pytest.mark.full("templates")
def test_a_robot_of_brax_is_trained(bind: Callable[..., Bound]) -> None:
    robot = make_environment("brax:inverted_pendulum")
    assert (robot.size, robot.actions, robot.continuous) == (4, 1, True)
    ant = make_environment("brax:ant")
    assert ant.actions == 8
    fresh = robot.reset(jax.random.key(1))
    _, (state, _) = robot.reset(jax.random.key(0))
    step = jax.jit(robot.step)
    late, after = step(jax.random.key(2), (state, jnp.int32(999)), jnp.zeros(1), fresh)
    assert bool(late.truncated)
    assert not bool(late.terminated)
    assert int(after[1]) == 0
    assert np.array_equal(late.observation, fresh[0])
    moved, after = step(jax.random.key(2), (state, jnp.int32(5)), jnp.zeros(1), fresh)
    assert int(after[1]) == 6
    assert not bool(moved.truncated | moved.terminated)
    profile = Profile(environments=8, steps=16, horizon=1_000, minibatches=2, scaled=True)
    trainer = Trainer("brax:inverted_pendulum", profile, LEVELS["drift"])
    setup = Setup("brax:inverted_pendulum", profile, profile.horizon)
    functions = bind("drift", "ppo", profile.minibatch)
    record = trainer.train(functions, setup, [1], 2, judged=False)
    assert record.finite.all()
    assert record.entropy[0, 0] == pytest.approx(stats.norm().entropy(), abs=0.05)


def test_brax_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no robot"):
        make_environment("brax:unicorn")
    monkeypatch.setitem(sys.modules, "brax", None)
    with pytest.raises(UserError, match=r"discovery-agent\[brax\]"):
        BraxEnvironment("hopper").reset(jax.random.key(0))
