"""What warm sandboxes are worth, and what an exported program costs; both measured side by side.

Usage: python -m tests.benchmarks.evaluation_throughput [--losses 10] [--repeats 5]

1. Candidates per minute, each traced, inspected and scored on one seed of the search task, here
   (warm tracer and evaluators) against a fresh interpreter per candidate that imports the core and
   scores the native Python function in-process, as peers do; as many at a time as there are cores.
   Rounds alternate, so that a change of the machine's speed meets both.
2. Training steps per second of the core with the exported program against the native Python loss,
   alternating in one process with one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.registry import Template, load_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "preference_loss"
TASK = "sentiment"
# One thread a process on either side, since seeds and candidates are spread over processes.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}

_FRESH = """
import sys
from pathlib import Path
from templates.native import NativeFunction
from templates.preference_loss.core import PreferenceLossCore
from templates.registry import load_template
spec = load_template("preference_loss").spec
namespace = {}
exec(Path(sys.argv[1]).read_text(), namespace)
core = PreferenceLossCore("cpu")
loss = NativeFunction(namespace["loss"], spec.functions[0], spec.population["cpu"])
result = core.evaluate({"loss": loss}, effort="full", task="sentiment", seeds=[int(sys.argv[2])])
print(result[0].metrics[spec.primary.name])
"""

_STEPS = """
import json, sys, time
from pathlib import Path
import jax, jax.numpy as jnp
from sandboxes.contract import Program
from sandboxes.evaluator.bind import bind
from sandboxes.tracer.trace import trace
from templates.native import NativeFunction
from templates.preference_loss.core import PreferenceLossCore
from templates.preference_loss.settings import BETAS, EFFORTS, UPDATES
from templates.registry import load_template
spec = load_template("preference_loss").spec
code = Path(sys.argv[1]).read_text()
population = spec.population["cpu"]
modules = trace(code, [f.model_dump(mode="json") for f in spec.functions], population, "cpu")
namespace = {}
exec(code, namespace)
losses = {
    "exported": bind(Program("cpu", population, modules), spec.functions)["loss"],
    "native": NativeFunction(namespace["loss"], spec.functions[0], population),
}
# One each: a core keeps what it compiled for its last loss only.
cores = {name: PreferenceLossCore("cpu") for name in losses}
core = cores["native"]
data = jax.tree.map(lambda x: jnp.stack([x]), core._source.get("sentiment", 1))
betas = jnp.array(BETAS, jnp.float32)
rates = {name: [] for name in losses}
for repeat in range(int(sys.argv[2]) + 1):
    for name, loss in losses.items():
        began = time.perf_counter()
        jax.block_until_ready(cores[name]._trainer.train(loss, data, betas, EFFORTS["full"]))
        if repeat:  # the first round compiles
            rates[name].append(UPDATES / (time.perf_counter() - began))
print(json.dumps(rates))
"""


def rounds(runs: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each way, taken in turn."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(run())
            print(f"{name}: {found[name][-1]:.1f} s", file=sys.stderr, flush=True)
    return found


def here(engine: Engine, codes: list[str], seed: int) -> float:
    """Seconds for all candidates through the warm pool."""

    def one(code: str) -> None:
        program = engine.trace(code)
        engine.inspect(program)
        engine.evaluate(program, effort="full", task=TASK, seeds=[seed])

    began = time.perf_counter()
    with ThreadPoolExecutor(engine.workers) as pool:
        list(pool.map(one, codes))
    return time.perf_counter() - began


def fresh(files: list[Path], seed: int, workers: int, cache: Path | None) -> float:
    """Seconds for all candidates, a new interpreter each."""
    environment = dict(ENVIRONMENT)
    if cache is not None:
        environment |= {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }

    def one(file: Path) -> None:
        command = [sys.executable, "-c", _FRESH, str(file), str(seed)]
        subprocess.run(command, env=environment, check=True, capture_output=True)

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, files))
    return time.perf_counter() - began


def files_of(template: Template, count: int) -> list[Path]:
    """The losses of the comparison: baselines in the order of their names."""
    names = [baseline.name for baseline in template.baselines if not baseline.is_control]
    return [template.path / "baselines" / f"{name}.py" for name in names[:count]]


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--losses", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    template = load_template(TEMPLATE)
    files = files_of(template, chosen.losses)
    codes = [file.read_text() for file in files]
    with open_engine(template, choose_sandbox("auto")) as engine:
        here(engine, codes[:2], 1)
        workers = engine.workers
        seconds = rounds(
            {
                "here": lambda: here(engine, codes, 1),
                "fresh interpreter": lambda: fresh(files, 1, workers, None),
            },
            chosen.repeats,
        )
        scratch = Path(os.environ.get("TMPDIR", "/tmp")) / f"fresh-cache-{os.getpid()}"
        fresh(files[:1], 1, 1, scratch)
        seconds |= rounds(
            {"fresh interpreter, compilation cache": lambda: fresh(files, 1, workers, scratch)},
            chosen.repeats,
        )
    median = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{len(files)} losses, one seed each, {workers} processes at a time")
    print(f"{'':40}{'candidates/min':>16}{'here is':>10}")
    for name, value in median.items():
        rate = 60 * len(files) / value
        print(f"{name:40}{rate:16.1f}{value / median['here']:9.1f}x")
    steps = subprocess.run(
        [sys.executable, "-c", _STEPS, str(files[0]), str(2 * chosen.repeats)],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    rates = json.loads(steps.stdout.splitlines()[-1])
    ratios = [a / b for a, b in zip(rates["exported"], rates["native"], strict=True)]
    for name, values in rates.items():
        print(f"{name + ' loss':40}{statistics.median(values):10.1f} training steps/s")
    print(
        f"exported / native, pair by pair: median {statistics.median(ratios):.3f} "
        f"(min {min(ratios):.3f}, max {max(ratios):.3f})"
    )
    if chosen.json:
        print(json.dumps({"seconds": seconds, "steps_per_s": rates}))


if __name__ == "__main__":
    main()
