"""How many seeds does a ranking of preference losses need?

Scores every baseline and control on many seeds, splits the seeds into two disjoint halves again
and again, and prints how well the two rankings agree as a function of the seeds in each half::

    python -m tests.benchmarks.preference_ranking --seeds 16 --json ranking.json

``--task`` scores another task; with ``--against FILE`` its ranking is compared with that of a
former run on the search task. Scores already in the JSON file are not made again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import numpy as np
from scipy.stats import kendalltau, spearmanr

from templates.native import load_native
from templates.preference_loss.core import PreferenceLossCore
from templates.registry import load_template

_SPLITS = 2000


def score(path: Path, task: str, seeds: int) -> dict[str, list[dict[str, float]]]:
    """Metrics per seed of every baseline; written to ``path`` after each seed.

    Seeds are the outer loop, so that a run that is cut short has compared all losses fairly.
    """
    template = load_template("preference_loss")
    found: dict[str, list[dict[str, float]]] = {}
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["digest"] != template.digest or stored["task"] != task:
            raise SystemExit(f"{path} holds another task or another version of the template")
        found = stored["scores"]
    signature = template.spec.functions[0]
    core = PreferenceLossCore("cpu")
    functions = {
        baseline.name: load_native(
            template.path / "baselines" / f"{baseline.name}.py", signature, core.population
        )
        for baseline in template.baselines
    }
    for seed in range(seeds):
        for name, function in functions.items():
            results = found.setdefault(name, [])
            if len(results) > seed:
                continue
            begun = time.process_time()
            (result,) = core.evaluate({"loss": function}, effort="full", task=task, seeds=[seed])
            results.append(
                {
                    **result.metrics,
                    "reference": result.detail["reference_reward"],
                    "cpu_s": time.process_time() - begun,
                }
            )
        content = {"task": task, "digest": template.digest, "scores": found}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return {name: results[:seeds] for name, results in found.items()}


def table(scores: dict[str, list[dict[str, float]]]) -> None:
    """Print the losses from best to worst with intervals over seeds."""
    order = sorted(scores, key=lambda name: -np.mean([r["reward_at_kl"] for r in scores[name]]))
    dpo = np.array([r["reward_at_kl"] for r in scores["dpo"]])
    print(f"{'loss':22s} reward  +-95%   less DPO +-95%   win    KL   acc  unst  cpu_s")
    for name in order:
        rows = scores[name]
        values = np.array([r["reward_at_kl"] for r in rows])
        mean = {key: float(np.mean([r[key] for r in rows])) for key in rows[0]}
        print(
            f"{name:22s} {values.mean():.4f} {_half_width(values):.4f}  "
            f"{(values - dpo).mean():+.4f} {_half_width(values - dpo):.4f}  "
            f"{mean['win_rate']:.3f} {mean['kl']:6.2f} {mean['accuracy']:.3f} "
            f"{mean['instability']:.2f} {mean['cpu_s']:.2f}"
        )
    print(f"reference policy       {np.mean([r['reference'] for r in scores['dpo']]):.4f}")


def agreement(scores: dict[str, list[dict[str, float]]]) -> list[dict[str, float]]:
    """Rank correlation of the losses (controls left out) between disjoint sets of seeds.

    For each size, random pairs of disjoint sets are drawn from the seeds at hand; the interval
    holds 95 % of the pairs.
    """
    names = [name for name in scores if not name.startswith("control_")]
    values = np.array([[r["reward_at_kl"] for r in scores[name]] for name in names])
    random = np.random.default_rng(0)
    found = []
    for size in range(1, values.shape[1] // 2 + 1):
        spearman, kendall, same_best = [], [], []
        for _ in range(_SPLITS):
            drawn = random.permutation(values.shape[1])[: 2 * size]
            one, two = values[:, drawn[:size]].mean(axis=1), values[:, drawn[size:]].mean(axis=1)
            spearman.append(spearmanr(one, two).statistic)
            kendall.append(kendalltau(one, two).statistic)
            same_best.append(one.argmax() == two.argmax())
        row = {"seeds": size, "same_best": float(np.mean(same_best))}
        for key, sample in (("spearman", spearman), ("kendall", kendall)):
            low, high = np.quantile(sample, [0.025, 0.975])
            row |= {key: float(np.mean(sample)), f"{key}_low": low, f"{key}_high": high}
        found.append(row)
        print(
            f"{size:3d} seeds a set: Spearman {row['spearman']:.2f} "
            f"[{row['spearman_low']:.2f}, {row['spearman_high']:.2f}]  "
            f"Kendall {row['kendall']:.2f} [{row['kendall_low']:.2f}, {row['kendall_high']:.2f}]  "
            f"same best {row['same_best']:.2f}"
        )
    return found


def compare(scores: dict[str, list[dict[str, float]]], other: Path) -> None:
    """Print the rank correlation with a former run, bootstrapped over the seeds of both."""
    former = json.loads(other.read_text(encoding="utf-8"))["scores"]
    names = [name for name in scores if not name.startswith("control_")]
    tables = [
        np.array([[r["reward_at_kl"] for r in source[name]] for name in names])
        for source in (scores, former)
    ]
    random = np.random.default_rng(0)

    def correlation(resample: bool) -> float:
        means = []
        for values in tables:
            count = values.shape[1]
            kept = random.integers(0, count, count) if resample else np.arange(count)
            means.append(values[:, kept].mean(axis=1))
        return float(spearmanr(*means).statistic)

    low, high = np.quantile([correlation(True) for _ in range(_SPLITS)], [0.025, 0.975])
    print(f"Spearman with {other}: {correlation(False):.2f} [{low:.2f}, {high:.2f}]")


def _half_width(values: np.ndarray) -> float:
    return float(1.96 * values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def main() -> None:
    """Run the study from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--task", default="sentiment")
    parser.add_argument("--json", type=Path, default=Path("preference_ranking.json"))
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    scores = score(options.json, options.task, options.seeds)
    table(scores)
    agreement(scores)
    if options.against:
        compare(scores, options.against)


if __name__ == "__main__":
    main()
