"""Many candidates through one pool: what grows?

Usage: python -m tests.benchmarks.sandbox_soak [--candidates 500] [--sandbox docker|process]

Every tenth candidate is hostile or broken and every hundredth costs an evaluator. Prints resident
memory of this process and of the workers, descriptors, threads and containers as it goes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import threading
from pathlib import Path

from sandboxes.contract import Sandbox
from sandboxes.docker import DockerSandbox
from sandboxes.engines import Engine, open_engine
from sandboxes.images.building import ROLES, build
from sandboxes.process import ProcessSandbox
from templates.errors import CandidateError
from templates.registry import load_template
from tests.docker_engine import base_image
from tests.docker_engine import engine as docker_engine

ROOT = Path(__file__).resolve().parents[2]

TEMPLATE = ROOT / "tests" / "data" / "robust_regression"
_GOOD = """
def loss(prediction, target):
    error = prediction - target
    return jnp.where(jnp.abs(error) < {scale}, error**2, {scale} * jnp.abs(error))
"""
_BAD = (
    "import functools\nfunctools.os._exit(0)\ndef loss(p, t):\n    return p",
    "def loss(p, t):\n    return p.sum()",
    "def loss(p, t):\n    return jnp.log(p - t)",
    "def loss(p, t):\n    return p +",
)


def state(engine: Engine, sandbox: Sandbox) -> dict[str, float]:
    """What could leak."""
    gc.collect()
    page = os.sysconf("SC_PAGE_SIZE")
    found = {"host MB": int(Path("/proc/self/statm").read_text().split()[1]) * page / 1e6}
    for role in ("evaluator", "tracer"):
        for number, handle in enumerate(engine.processes(role)):
            found[f"{role} {number} MB"] = (handle.memory_bytes() or 0) / 1e6
    found |= {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
    }
    if isinstance(sandbox, DockerSandbox):
        found["containers"] = sandbox.leftovers()
    return found


def soak(sandbox: Sandbox, candidates: int) -> None:
    """Run them and print; one worker is killed now and then, the other lives all along."""
    with open_engine(load_template(TEMPLATE), sandbox, workers=2) as engine:
        for number in range(candidates + 1):
            if number % max(1, candidates // 10) == 0:
                print(f"{number:5} candidates: {_shown(state(engine, sandbox))}", flush=True)
            if number % 100 == 50:
                # The newest: so the oldest one lives all along.
                engine.processes("evaluator")[-1].kill()
            bad = number % 10 == 9
            code = _BAD[number // 10 % len(_BAD)] if bad else _GOOD.format(scale=1 + number / 100)
            with contextlib.suppress(CandidateError):
                program = engine.trace(code)
                engine.inspect(program)
                engine.evaluate(program, effort="full", task="clean", seeds=[1])
    print("after the end: " + _shown(state(engine, sandbox)), flush=True)


def _shown(seen: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.0f}" for name, value in seen.items())


def main() -> None:
    """Parse arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    chosen = parser.parse_args()
    if chosen.sandbox == "process":
        soak(ProcessSandbox(), chosen.candidates)
        return
    with docker_engine() as client:
        for role in ROLES:
            build(client, role, base=base_image(client), notify=print)
        soak(DockerSandbox(engine=client), chosen.candidates)


if __name__ == "__main__":
    main()
