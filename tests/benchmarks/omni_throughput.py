"""Steps per second: the world, the world with its learner, beside other worlds, in one run.

Usage: python -m tests.benchmarks.omni_throughput [--environments 64] [--steps 256] [--repeats 3]

Everything acts at random and starts episodes anew from a pool of states made beforehand, but for
the line that learns. Gymnax's FourRooms stands for a grid world without a technology tree. With the
extra ``craftax`` Craftax-Classic is measured too, the symbolic one, never with its automatic reset:
that makes a world for every step. The worlds take turns, so that a change of the machine's speed
meets all of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
os.environ.setdefault("NPROC", "1")

import gymnax
import jax
import jax.numpy as jnp
from jax import lax

from templates.omni.settings import PROFILES
from templates.omni.training import Trainer, make_space
from templates.omni.world import World

POOL = 256
GENERATIONS = 4
Roll = Callable[[jax.Array], Any]


def finished(roll: Roll) -> Any:
    """What a roll gives, once it is there."""
    return jax.block_until_ready(roll(jax.random.key(1)))


def pooled(
    reset: Callable[[jax.Array], Any],
    step: Callable[[jax.Array, Any, jax.Array], tuple[Any, Any, jax.Array]],
    actions: int,
    environments: int,
    steps: int,
) -> Roll:
    """A jitted rollout of a world at random; ended episodes go on from a pool of first states."""
    pool = jax.jit(jax.vmap(reset))(jax.random.split(jax.random.key(5), POOL))

    @jax.jit
    def roll(key: jax.Array) -> jax.Array:
        begun = jax.tree.map(lambda leaf: leaf[jnp.arange(environments) % POOL], pool)

        def one(state: Any, key: jax.Array) -> tuple[Any, jax.Array]:
            act_key, step_key, pool_key = jax.random.split(key, 3)
            action = jax.random.randint(act_key, (environments,), 0, actions)
            keys = jax.random.split(step_key, environments)
            seen, after, over = jax.vmap(step)(keys, state, action)
            places = jax.random.randint(pool_key, (environments,), 0, POOL)
            following = jax.tree.map(
                lambda all_, old: jnp.where(
                    over.reshape(-1, *(1,) * (old.ndim - 1)), all_[places], old
                ),
                pool,
                after,
            )
            return following, seen.sum()

        _, seen = lax.scan(one, begun, jax.random.split(key, steps))
        return seen.sum()

    return roll


def omni(environments: int, steps: int) -> Roll:
    """The world of this template, all tasks alike."""
    setup = PROFILES["cpu"]["standard"]
    params = make_space(setup).params
    world = World(len(setup.tasks.vocabulary))

    def step(key: jax.Array, state: Any, action: jax.Array) -> tuple[Any, Any, jax.Array]:
        seen, state, _, done, _ = world.step_env(key, state, action, params)
        return seen, state, done | (state.time >= params.max_steps_in_episode)

    return pooled(
        lambda key: world.reset_env(key, params)[1], step, world.num_actions, environments, steps
    )


def four_rooms(environments: int, steps: int) -> Roll:
    """Gymnax's grid with four rooms."""
    world, params = gymnax.make("FourRooms-misc")

    def step(key: jax.Array, state: Any, action: jax.Array) -> tuple[Any, Any, jax.Array]:
        seen, state, _, terminated, _ = world.step_env(key, state, action, params)
        return seen, state, terminated | (state.time >= params.max_steps_in_episode)

    return pooled(
        lambda key: world.reset_env(key, params)[1], step, world.num_actions, environments, steps
    )


def craftax_classic(environments: int, steps: int) -> Roll:
    """Craftax-Classic (Matthews et al. 2024, arXiv:2402.16801), symbolic, told a task as well."""
    from templates.omni.worlds.craftax_classic import (
        CraftaxClassic,
        classic_tasks,
        make_classic_params,
    )

    tasks = classic_tasks()
    params = make_classic_params(tasks, maps=POOL)
    world = CraftaxClassic(len(tasks.vocabulary))

    def step(key: jax.Array, state: Any, action: jax.Array) -> tuple[Any, Any, jax.Array]:
        seen, state, _, done, _ = world.step_env(key, state, action, params)
        return seen, state, done | (state.time >= params.max_steps_in_episode)

    return pooled(
        lambda key: world.reset_env(key, params)[1], step, world.num_actions, environments, steps
    )


def learning() -> tuple[Callable[[], Any], int]:
    """Some generations of choosing, learning and measuring, and their steps of learning."""
    setup = PROFILES["cpu"]["standard"]
    trainer = Trainer(setup.profile, len(setup.tasks.vocabulary))

    def alike(fast: jax.Array, *rest: jax.Array) -> jax.Array:
        return jnp.ones_like(fast)

    def run() -> Any:
        return trainer.train(alike, setup, [1], GENERATIONS, judged=False)

    return run, GENERATIONS * setup.profile.generation


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=int, default=64)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    size = (chosen.environments, chosen.steps)
    rolls = {"omni": omni(*size), "gymnax FourRooms": four_rooms(*size)}
    if find_spec("craftax"):
        rolls["Craftax-Classic"] = craftax_classic(*size)
    count = chosen.environments * chosen.steps
    timed: dict[str, tuple[Callable[[], Any], int]] = {
        name: (partial(finished, roll), count) for name, roll in rolls.items()
    }
    timed["omni, learning"] = learning()
    for run, _ in timed.values():
        run()
    rates: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(chosen.repeats):
        for name, (run, steps) in timed.items():
            begun = time.perf_counter()
            run()
            rates[name].append(steps / (time.perf_counter() - begun))
    print(f"{jax.devices()[0]}, {chosen.environments} environments; median, least, most")
    for name, found in rates.items():
        middle = statistics.median(found)
        print(f"{name:20s}{middle:>12,.0f}{min(found):>12,.0f}{max(found):>12,.0f} steps/s")
    if "Craftax-Classic" not in rates:
        print("Craftax-Classic was not measured: the extra craftax is not installed")


if __name__ == "__main__":
    main()
