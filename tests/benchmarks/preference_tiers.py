"""Wall-clock time of each tier with two warm single-threaded workers, against its limit.

Prints every tier twice: on seeds that no candidate has had yet (their pairs are sampled first),
and on seeds whose data the workers keep, which is what all later candidates meet::

    python -m tests.benchmarks.preference_tiers
"""

from __future__ import annotations

import os
import time
from multiprocessing import get_context

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from templates.contract import Tier
from templates.native import load_native
from templates.preference_loss.core import PreferenceLossCore
from templates.registry import Template, load_template

_WORKERS = 2
_CONFIRM_OFFSET = 1_000_000
_worker: dict[str, PreferenceLossCore] = {}


def warm_up() -> None:
    """Run in each worker once, as the evaluator does."""
    _worker["core"] = PreferenceLossCore("cpu")
    _worker["core"].warm_up()


def run_share(jobs: list[tuple[str, str, int]]) -> float:
    """Score DPO, compiled anew, on one worker's share of a tier; returns CPU seconds."""
    begun = time.process_time()
    template = load_template("preference_loss")
    core = _worker["core"]
    path = template.path / "baselines" / "dpo.py"
    function = load_native(path, template.spec.functions[0], core.population)
    for effort, task, seed in jobs:
        core.evaluate({"loss": function}, effort=effort, task=task, seeds=[seed])
    return time.process_time() - begun


def jobs_of(template: Template, tier: Tier) -> list[tuple[str, str, int]]:
    """One job per task and seed."""
    first = _CONFIRM_OFFSET if tier.seed_block == "confirm" else 0
    jobs = [
        (tier.effort, task, first + seed)
        for task in template.spec.search_tasks
        for seed in range(tier.seeds)
    ]
    return jobs + [
        (tier.effort, task, first + seed)
        for task in template.spec.held_out_tasks
        for seed in range(tier.held_out_seeds)
    ]


def main() -> None:
    """Measure all tiers."""
    template = load_template("preference_loss")
    pools = [get_context("spawn").Pool(1, warm_up) for _ in range(_WORKERS)]
    begun = time.monotonic()
    for waiting in [pool.apply_async(run_share, ([],)) for pool in pools]:
        waiting.get()
    print(f"start and warm-up {time.monotonic() - begun:.1f} s; load {os.getloadavg()[0]:.1f}")
    for tier in template.spec.tiers:
        jobs = jobs_of(template, tier)
        for data in ("new seeds", "kept seeds"):
            begun = time.monotonic()
            shares = [
                pool.apply_async(run_share, (jobs[number::_WORKERS],))
                for number, pool in enumerate(pools)
            ]
            cpu_s = sum(share.get() for share in shares)
            wall_s = time.monotonic() - begun
            print(
                f"{tier.name:8s} {len(jobs):3d} jobs, {data:10s}: {wall_s:6.1f} s wall, "
                f"{cpu_s:6.1f} s CPU, limit {tier.limit_s:.0f} s"
            )
    for pool in pools:
        pool.terminate()


if __name__ == "__main__":
    main()
