"""The shipped networks against each other, seed by seed, at each horizon.

The intervals are over seeds of training with these two networks. What time features buy in general
would take several meta-trainings of each kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from templates.native import load_native
from templates.registry import load_template
from templates.temporal_rl.learned.evolution import trainer_of
from templates.temporal_rl.score import results
from templates.temporal_rl.settings import TASKS

__all__ = ["COMPARISON", "DRIFTS", "compare"]

COMPARISON = Path(__file__).resolve().parent / "comparison.json"
"""The shipped comparison."""

DRIFTS = ("ppo", "lpo", "ta_lpo")


def compare(
    tasks: Sequence[str], seeds: int, report: Callable[[str], None] = print
) -> dict[str, Any]:
    """Scores of each drift on each task, and how far ``ta_lpo`` is ahead of ``lpo``.

    Args:
        tasks: Names of the template's tasks.
        seeds: Of each; the same for all drifts, and none that anything was trained with.
        report: Told a line for each task.

    Returns:
        By task: the mean of each drift, and of the differences the mean and its 95 % interval
        (Student's, over seeds).
    """
    template = load_template("temporal_rl", {"level": "drift"})
    signature = template.spec.functions[0]
    drawn = np.random.SeedSequence(808).generate_state(seeds)
    own = [2**30 + 1000 + int(word) % 2**29 for word in drawn]
    found: dict[str, Any] = {}
    for task in tasks:
        setup = TASKS[task]
        trainer = trainer_of(setup.environment)
        scores: dict[str, list[float]] = {}
        for name in DRIFTS:
            path = template.path / "baselines" / "drift" / f"{name}.py"
            functions = {"drift": load_native(path, signature, setup.profile.minibatch)}
            scores[name] = [
                results(task, setup, [seed], trainer.train(functions, setup, [seed]))[0].metrics[
                    "normalized_return"
                ]
                for seed in own
            ]
        paired = np.array(scores["ta_lpo"]) - np.array(scores["lpo"])
        low, high = stats.t.interval(
            0.95, len(paired) - 1, paired.mean(), stats.sem(paired) if paired.any() else 1e-12
        )
        found[task] = {
            "seeds": seeds,
            "horizon": setup.horizon,
            **{name: round(float(np.mean(values)), 4) for name, values in scores.items()},
            "ahead": [round(float(x), 4) for x in (paired.mean(), low, high)],
        }
        report(f"{task}: {json.dumps(found[task])}")
    return found
