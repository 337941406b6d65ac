"""The baselines of omni compared: six curricula and a control, on one fixed bank of tasks.

Usage: python -m tests.benchmarks.omni_baselines [--seeds 4] [--task standard] [--json FILE]

Each curriculum trains agents on the same seeds in sandboxed workers, as a campaign has it. Printed
are means with 95 % intervals, and differences to uniform over pairs of the same seed. Results
already in the JSON file, of the same version of the template, are not made again. With ``--profile
gpu`` on a machine with a CUDA device this is the comparison at full scale.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from agent.evaluation.platforms import choose_platform
from agent.evaluation.statistics import interval, paired_difference
from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.registry import Template, load_template

REFERENCE = "uniform"
Rows = dict[str, dict[str, dict[str, float]]]


def measure(template: Template, task: str, seeds: int, file: Path | None) -> Rows:
    """Metrics by baseline and seed; the file is written after each run.

    Seeds are the outer loop, so that a run that is cut short has compared all alike.
    """
    rows: Rows = {}
    if file is not None and file.exists():
        stored = json.loads(file.read_text(encoding="utf-8"))
        if (stored["digest"], stored["task"]) != (template.digest, task):
            raise SystemExit(f"{file} holds another task or another version of the template")
        rows = stored["rows"]
    sandbox = choose_sandbox("auto")
    platform = choose_platform(template.spec, sandbox)
    with open_engine(template, sandbox, platform=platform) as engine:
        print(f"{engine.workers} workers on {engine.device} ({platform})", flush=True)
        programs = {one.name: engine.trace(one.code) for one in template.baselines}
        missing = [
            (name, seed)
            for seed in range(1, seeds + 1)
            for name in programs
            if str(seed) not in rows.get(name, {})
        ]
        together = engine.seeds_per_job
        jobs = _batches(missing, together)
        with ThreadPoolExecutor(engine.workers) as pool:
            running = [
                pool.submit(_run, engine, programs[name], name, task, own) for name, own in jobs
            ]
            for done in as_completed(running):
                name, found = done.result()
                rows.setdefault(name, {}).update(found)
                for seed, metrics in found.items():
                    shown = "  ".join(f"{key} {value:.3f}" for key, value in metrics.items())
                    print(f"  {name:24s} seed {seed}: {shown}", flush=True)
                if file is not None:
                    content = {"digest": template.digest, "task": task, "rows": rows}
                    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return rows


def _batches(jobs: list[tuple[str, int]], together: int) -> list[tuple[str, list[int]]]:
    """One seed a job on a CPU; as many as a population holds on a GPU."""
    if together == 1:
        return [(name, [seed]) for name, seed in jobs]
    by_name: dict[str, list[int]] = {}
    for name, seed in jobs:
        by_name.setdefault(name, []).append(seed)
    return [
        (name, own[start : start + together])
        for name, own in by_name.items()
        for start in range(0, len(own), together)
    ]


def _run(
    engine: Engine, program: object, name: str, task: str, seeds: list[int]
) -> tuple[str, dict[str, dict[str, float]]]:
    found = engine.evaluate(program, effort="full", task=task, seeds=seeds)  # type: ignore[arg-type]
    return name, {str(one.seed): {**one.metrics, "seconds": one.seconds} for one in found}


def table(template: Template, rows: Rows) -> None:
    """Print baselines from best to worst, then what each metric gains over uniform."""
    metrics = [metric.name for metric in template.spec.metrics]
    primary = template.spec.primary.name

    def values(name: str, metric: str) -> list[float]:
        return [row[metric] for row in rows[name].values()]

    order = sorted(rows, key=lambda name: -sum(values(name, primary)) / len(rows[name]))
    print(f"\n{'':24s}" + "".join(f"{metric:>28s}" for metric in metrics) + f"{'s/run':>8s}")
    for name in order:
        cells = []
        for metric in metrics:
            one = interval(values(name, metric))
            cells.append(f"{one.value:9.3f} [{one.low:7.3f},{one.high:7.3f}]".rjust(28))
        seconds = values(name, "seconds")
        print(f"{name:24s}" + "".join(cells) + f"{sum(seconds) / len(seconds):8.0f}")
    print(f"\nless {REFERENCE}, same seeds, 95 %")
    for name in order:
        if name == REFERENCE:
            continue
        cells = []
        for metric in metrics:
            of, base = (
                {("", int(seed)): row[metric] for seed, row in rows[one].items()}
                for one in (name, REFERENCE)
            )
            one = paired_difference(of, base)
            cells.append(f"{one.value:+9.3f} [{one.low:+7.3f},{one.high:+7.3f}]".rjust(28))
        print(f"{name:24s}" + "".join(cells))


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--task", default="standard")
    parser.add_argument("--profile", default="cpu")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    template = load_template("omni", {"profile": chosen.profile})
    begun = time.perf_counter()
    rows = measure(template, chosen.task, chosen.seeds, chosen.json)
    table(template, rows)
    print(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
