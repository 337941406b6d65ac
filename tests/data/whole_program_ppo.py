"""PPO as one program: an implementation of its own, against which the shipped core is held.

Written in the style of PureJaxRL (Lu et al. 2022): the whole training of a seed is one jitted
function, parameters are a tree, environments reset themselves, the loss is written out and
differentiated as a whole. It shares no code with ``templates/temporal_rl``, only the sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import gymnax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax


class Sizes(NamedTuple):
    environments: int = 16
    steps: int = 32
    epochs: int = 4
    minibatches: int = 4
    rate: float = 5e-4
    discount: float = 0.99
    trace: float = 0.95
    entropy: float = 0.01
    value: float = 0.5
    clip: float = 0.2
    norm: float = 0.5
    width: int = 64


Loss = Callable[[Any, Any, Any, Any, Any], Any]


def ppo_surrogate(ratio: Any, log_ratio: Any, advantage: Any, t: Any, log_n: Any) -> Any:
    clipped = jnp.clip(ratio, 0.8, 1.2) * advantage
    return jnp.minimum(ratio * advantage, clipped)


class Trained(NamedTuple):
    """``train(key)`` gives, for each rollout, how episodes ended, and parameters if wanted."""

    train: Callable[[Any], Any]
    judge: Callable[[Any, Any], Any]


def make(
    name: str,
    horizon: int,
    activation: str,
    surrogate: Loss = ppo_surrogate,
    *,
    keep_parameters: bool = False,
) -> Trained:
    """PPO on an environment, and the mean return of a policy over one episode per environment."""
    sizes = Sizes()
    env, env_params = gymnax.make(name)
    act = {"tanh": jnp.tanh, "relu": jax.nn.relu}[activation]
    optimizer = optax.chain(optax.clip_by_global_norm(sizes.norm), optax.scale_by_adam(eps=1e-5))
    rollouts = horizon // (sizes.environments * sizes.steps)
    space = env.observation_space(env_params)

    def see(observation: Any) -> Any:
        if space.shape == ():
            return jax.nn.one_hot(observation, space.n)
        return observation.astype(jnp.float32).reshape(sizes.environments, -1)

    def dense(key: Any, inputs: int, outputs: int, gain: float) -> Any:
        weights = jax.nn.initializers.orthogonal(gain)(key, (inputs, outputs))
        return {"w": weights, "b": jnp.zeros(outputs)}

    def network(key: Any, inputs: int, outputs: int, gain: float) -> Any:
        first, second, third = jax.random.split(key, 3)
        return [
            dense(first, inputs, sizes.width, np.sqrt(2)),
            dense(second, sizes.width, sizes.width, np.sqrt(2)),
            dense(third, sizes.width, outputs, gain),
        ]

    def forward(layers: Any, x: Any) -> Any:
        for layer in layers[:-1]:
            x = act(x @ layer["w"] + layer["b"])
        return x @ layers[-1]["w"] + layers[-1]["b"]

    def policy(params: Any, x: Any) -> tuple[Any, Any]:
        return jax.nn.log_softmax(forward(params["actor"], x)), forward(params["critic"], x)[..., 0]

    def env_step(params: Any, carry: Any, key: Any) -> tuple[Any, Any]:
        state, observation, running = carry
        choose, move = jax.random.split(key)
        log_policy, value = policy(params, see(observation))
        action = jax.random.categorical(choose, log_policy)
        keys = jax.random.split(move, sizes.environments)
        following, state, reward, terminated, truncated, info = jax.vmap(
            env.step, in_axes=(0, 0, 0, None)
        )(keys, state, action, env_params)
        over = terminated | truncated
        running = running + reward
        step = {
            "observation": see(observation),
            "action": action,
            "log_policy": log_policy[jnp.arange(sizes.environments), action],
            "value": value,
            "reward": reward.astype(jnp.float32),
            "terminated": terminated,
            "over": over,
            "next_value": policy(params, see(info["final_observation"]))[1],
            "return": running,
        }
        return (state, following, jnp.where(over, 0.0, running)), step

    def advantages(steps: Any) -> Any:
        def back(after: Any, step: Any) -> tuple[Any, Any]:
            follows = step["next_value"] * (1.0 - step["terminated"])
            delta = step["reward"] + sizes.discount * follows - step["value"]
            now = delta + sizes.discount * sizes.trace * (1.0 - step["over"]) * after
            return now, now

        return lax.scan(back, jnp.zeros(sizes.environments), steps, reverse=True)[1]

    def loss(params: Any, batch: Any, t: Any) -> Any:
        log_policy, value = policy(params, batch["observation"])
        chosen = jnp.take_along_axis(log_policy, batch["action"][:, None], 1)[:, 0]
        log_ratio = chosen - batch["log_policy"]
        advantage = batch["advantage"]
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        gain = surrogate(jnp.exp(log_ratio), log_ratio, advantage, t, jnp.log(1.0 * horizon))
        near = batch["value"] + jnp.clip(value - batch["value"], -sizes.clip, sizes.clip)
        errors = jnp.maximum((value - batch["target"]) ** 2, (near - batch["target"]) ** 2)
        entropy = -(jnp.exp(log_policy) * log_policy).sum(-1)
        return -gain.mean() + sizes.value * 0.5 * errors.mean() - sizes.entropy * entropy.mean()

    def rollout(carry: Any, number: Any) -> tuple[Any, Any]:
        params, state, world, key = carry
        key, act_key, mix_key = jax.random.split(key, 3)
        world, steps = lax.scan(
            partial(env_step, params), world, jax.random.split(act_key, sizes.steps)
        )
        advantage = advantages(steps)
        experience = {
            **{name: steps[name] for name in ("observation", "action", "log_policy", "value")},
            "advantage": advantage,
            "target": advantage + steps["value"],
        }
        count = sizes.environments * sizes.steps
        flat = jax.tree.map(lambda x: x.reshape(count, *x.shape[2:]), experience)

        def epoch(carry: Any, key: Any) -> tuple[Any, None]:
            order = jax.random.permutation(key, count).reshape(sizes.minibatches, -1)

            def minibatch(carry: Any, places: Any) -> tuple[Any, None]:
                params, state = carry
                batch = jax.tree.map(lambda x: x[places], flat)
                gradients = jax.grad(loss)(params, batch, number / rollouts)
                steps, state = optimizer.update(gradients, state)
                params = jax.tree.map(lambda p, s: p - sizes.rate * s, params, steps)
                return (params, state), None

            return lax.scan(minibatch, carry, order)

        (params, state), _ = lax.scan(
            epoch, (params, state), jax.random.split(mix_key, sizes.epochs)
        )
        shown = (steps["return"], steps["over"], params if keep_parameters else None)
        return (params, state, world, key), shown

    def train(key: Any) -> Any:
        actor_key, critic_key, reset_key, key = jax.random.split(key, 4)
        observation, state = jax.vmap(env.reset, in_axes=(0, None))(
            jax.random.split(reset_key, sizes.environments), env_params
        )
        inputs = see(observation).shape[-1]
        params = {
            "actor": network(actor_key, inputs, env.num_actions, 0.01),
            "critic": network(critic_key, inputs, 1, 1.0),
        }
        world = (state, observation, jnp.zeros(sizes.environments))
        carry = (params, optimizer.init(params), world, key)
        return lax.scan(rollout, carry, jnp.arange(rollouts))[1]

    def judge(params: Any, key: Any) -> Any:
        reset_key, key = jax.random.split(key)
        observation, state = jax.vmap(env.reset, in_axes=(0, None))(
            jax.random.split(reset_key, sizes.environments), env_params
        )
        world = (state, observation, jnp.zeros(sizes.environments))
        keys = jax.random.split(key, env_params.max_steps_in_episode)
        _, steps = lax.scan(partial(env_step, params), world, keys)
        first = steps["over"].argmax(axis=0)
        return steps["return"][first, jnp.arange(sizes.environments)].mean()

    return Trained(train, judge)
