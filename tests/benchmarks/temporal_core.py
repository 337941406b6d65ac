"""Time per candidate and environment steps per second: this core against PPO as one program.

Usage: python -m tests.benchmarks.temporal_core [--steps 100000] [--repeats 3] [--environments ...]

Both train the same candidates (PPO's drift and two others) on the same environments with the same
sizes and as many steps, on one thread, in one run, taking turns. "Per candidate" is everything that
a new candidate costs a warm worker: compiling what depends on it and one training. PPO as one
program (tests/data/whole_program_ppo.py, in the style of PureJaxRL) compiles the whole training
anew for each candidate, and for each horizon. Neither judges its policies on the way; a campaign
does, ten times, and the last line of each environment says what that adds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp

from templates.native import NativeFunction
from templates.registry import load_template
from templates.temporal_rl.levels import LEVELS
from templates.temporal_rl.settings import TASKS, Setup
from templates.temporal_rl.training import Trainer
from tests.data.whole_program_ppo import make


def ppo(r: Any, log_r: Any, A: Any, t: Any, log_N: Any, eps: Any) -> Any:
    return jax.nn.relu((r - jnp.clip(r, 1.0 - eps, 1.0 + eps)) * A)


def penalty(r: Any, log_r: Any, A: Any, t: Any, log_N: Any, eps: Any) -> Any:
    return (1.0 + 2.0 * t) * (r * log_r - r + 1.0)


def smooth(r: Any, log_r: Any, A: Any, t: Any, log_N: Any, eps: Any) -> Any:
    u = (r - 1.0) * A
    return jax.nn.relu(u - 2.0 * jnp.tanh(u / 2.0))


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--environments", nargs="*", default=["cartpole", "breakout"])
    chosen = parser.parse_args()
    signature = load_template("temporal_rl").spec.functions[0]
    print(f"{'':12}{'candidate':>12}{'here':>24}{'one program':>24}{'here is':>10}")
    for name in chosen.environments:
        plain = TASKS[name]
        setup = Setup(plain.environment, plain.profile, chosen.steps)
        trainer = Trainer(setup.environment, setup.profile, LEVELS["drift"])
        # What does not depend on the candidate is compiled once per machine.
        warm = {"drift": NativeFunction(ppo, signature, setup.profile.minibatch)}
        trainer.train(warm, setup, [0], rollouts=10)
        ratios, rates = [], []
        for candidate in (ppo, penalty, smooth):
            functions = {"drift": NativeFunction(candidate, signature, setup.profile.minibatch)}
            started = time.perf_counter()
            trainer.train(functions, setup, [1], judged=False)
            here = time.perf_counter() - started

            def surrogate(r: Any, log_r: Any, a: Any, t: Any, n: Any, of: Any = candidate) -> Any:
                return r * a - of(r, log_r, a, t, n, 0.2)

            started = time.perf_counter()
            train = jax.jit(
                make(setup.environment, setup.horizon, setup.profile.activation, surrogate).train
            )
            jax.block_until_ready(train(jax.random.key(1)))
            whole = time.perf_counter() - started
            ratios.append(whole / here)
            print(
                f"{name:12}{candidate.__name__:>12}{here:>19.2f} s/c.{whole:>19.2f} s/c."
                f"{ratios[-1]:>9.1f}x",
                flush=True,
            )
            for repeat in range(chosen.repeats):
                started = time.perf_counter()
                trainer.train(functions, setup, [2 + repeat], judged=False)
                here = setup.horizon / (time.perf_counter() - started)
                started = time.perf_counter()
                jax.block_until_ready(train(jax.random.key(2 + repeat)))
                whole = setup.horizon / (time.perf_counter() - started)
                rates.append(here / whole)
                print(
                    f"{name:12}{candidate.__name__:>12}{here:>17,.0f} steps/s"
                    f"{whole:>17,.0f} steps/s{rates[-1]:>9.2f}x",
                    flush=True,
                )
        seconds = []
        for judged in (False, True) * chosen.repeats:
            started = time.perf_counter()
            trainer.train(functions, setup, [7], judged=judged)
            seconds.append(time.perf_counter() - started)
        added = statistics.median(seconds[1::2]) / statistics.median(seconds[::2])
        print(
            f"{name}: per candidate {statistics.median(ratios):.1f}x less time, environment steps "
            f"per second {statistics.median(rates):.2f}x; ten judgings make a training take "
            f"{added:.2f}x as long",
            flush=True,
        )


if __name__ == "__main__":
    main()
