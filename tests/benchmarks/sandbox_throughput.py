"""What a warm Docker pool is worth, and what it costs; everything measured in one run.

Usage: python -m tests.benchmarks.sandbox_throughput [--losses 20] [--rounds 1]

The same losses are traced, inspected and scored (smoke tier of `preference_loss`) by

1. warm containers: one tracer and an evaluator per core,
2. warm processes, the same number, in the process sandbox,
3. one fresh tracer container and one fresh evaluator container per candidate, as many candidates
   at a time as there are cores.

Warm ways alternate. Then: median latency of a trace, and the time from killing an evaluator to the
answer of the one that replaces it. Needs a Docker engine, or root and dockerd to start one.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sandboxes.contract import Sandbox
from sandboxes.docker import DockerSandbox
from sandboxes.engines import Engine, open_engine
from sandboxes.images.building import ROLES, build
from sandboxes.process import ProcessSandbox
from templates.registry import Template, load_template
from tests.docker_engine import base_image
from tests.docker_engine import engine as docker_engine

TASK = "sentiment"
_VARIANT = """
import jax
import jax.numpy as jnp


def loss(policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps, beta):
    rho = policy_chosen_logps - reference_chosen_logps
    rho = rho - (policy_rejected_logps - reference_rejected_logps)
    return jax.nn.softplus({margin} - beta * rho)
"""  # noqa: E501


def losses(template: Template, count: int) -> list[str]:
    """Baselines and controls, then logistic losses with growing margins."""
    codes = [baseline.code for baseline in template.baselines]
    codes += [_VARIANT.format(margin=0.1 * (1 + number)) for number in range(count)]
    return codes[:count]


def one(engine: Engine, code: str) -> None:
    """All that a smoke test asks of an engine."""
    program = engine.trace(code)
    engine.inspect(program)
    engine.evaluate(program, effort="smoke", task=TASK, seeds=[1])


def warm(engine: Engine, codes: list[str]) -> float:
    """Seconds for all losses through a warm pool."""
    began = time.perf_counter()
    with ThreadPoolExecutor(engine.workers) as pool:
        list(pool.map(lambda code: one(engine, code), codes))
    return time.perf_counter() - began


def fresh(template: Template, sandbox: Sandbox, workers: int, codes: list[str]) -> float:
    """Seconds for all losses, each in containers of its own."""

    def alone(code: str) -> None:
        with open_engine(template, sandbox, workers=1) as engine:
            one(engine, code)

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(alone, codes))
    return time.perf_counter() - began


def trace_latency(engine: Engine, codes: list[str]) -> float:
    """Median seconds of a trace."""
    return statistics.median(_timed(partial(engine.trace, code)) for code in codes)


def replacement(engine: Engine, code: str) -> float:
    """Seconds from killing all evaluators to an answer."""
    program = engine.trace(code)
    for worker in engine.processes("evaluator"):
        worker.kill()
    return _timed(lambda: engine.inspect(program))


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    template = load_template("preference_loss")
    codes = losses(template, chosen.losses)
    with docker_engine() as client:
        for role in ROLES:
            build(client, role, base=base_image(client), notify=print)
        container = DockerSandbox(engine=client)
        with (
            open_engine(template, container) as contained,
            open_engine(template, ProcessSandbox()) as caged,
        ):
            engines = {"warm containers": contained, "warm processes": caged}
            seconds: dict[str, list[float]] = {name: [] for name in engines}
            for engine in engines.values():
                warm(engine, codes[:2])
            for _ in range(chosen.rounds):
                for name, engine in engines.items():
                    seconds[name].append(warm(engine, codes))
                    print(f"{name}: {seconds[name][-1]:.1f} s", file=sys.stderr, flush=True)
            traces = {name: trace_latency(engine, codes) for name, engine in engines.items()}
            replaced = {name: replacement(engine, codes[0]) for name, engine in engines.items()}
            workers = contained.workers
        seconds["fresh containers"] = [fresh(template, container, workers, codes)]
    median = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{len(codes)} losses, {workers} at a time, medians of {chosen.rounds} rounds")
    for name, value in median.items():
        print(
            f"{name:20}{60 * len(codes) / value:10.1f} candidates/min; warm containers do "
            f"{value / median['warm containers']:.2f}x of that"
        )
    for name in engines:
        print(
            f"{name:20}{1000 * traces[name]:10.0f} ms a trace (median), "
            f"{replaced[name]:.1f} s to replace an evaluator"
        )


if __name__ == "__main__":
    main()
