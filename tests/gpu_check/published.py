"""PPO's returns against those that are known: published ones, or our own where it must be quick.

A GPU trains a population for the 10 million steps of MinAtar that publications have, see
``tests/benchmarks/temporal_published.py``. The quick setting trains CartPole for a quarter of its
search, whose mean over 32 seeds is in ``templates/temporal_rl/data/normalization.json``.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

from tests.gpu_check.checks import Context
from tests.gpu_check.rows import Row, row
from tests.gpu_check.running import as_a_worker

__all__ = ["check", "within"]

_SEEDS = 8
_TOLERANCE = 0.1
_STANDARD_ERRORS = 4.0


def within(mean: float, low: float, high: float) -> bool:
    """Whether a mean is at most ten per cent off a published range."""
    return (1 - _TOLERANCE) * low <= mean <= (1 + _TOLERANCE) * high


def check(context: Context) -> Iterator[Row]:
    """One environment."""
    # Before JAX is imported: as sandboxed workers have it.
    os.environ.update(as_a_worker(context.platform))
    from templates.native import load_native
    from templates.registry import load_template
    from templates.temporal_rl.levels import LEVELS
    from templates.temporal_rl.normalization import PUBLISHED, late_return
    from templates.temporal_rl.settings import PROFILES
    from templates.temporal_rl.training import Trainer

    profile, baseline = ("cpu", "ppo") if context.quick else ("gpu", "ppo_rate_annealed")
    task = f"{context.argument}_quarter" if context.quick else context.argument
    template = load_template("temporal_rl", {"profile": profile, "level": "drift"})
    path = template.path / "baselines" / "drift" / f"{baseline}.py"
    setup = PROFILES[profile][task]
    trainer = Trainer(setup.environment, setup.profile, LEVELS["drift"])
    functions = {
        signature.name: load_native(path, signature, _SEEDS * setup.profile.minibatch)
        for signature in template.spec.functions
        if signature.name == "drift" or (not context.quick and signature.name == "learning_rate")
    }
    began = time.perf_counter()
    record = trainer.train(functions, setup, list(range(_SEEDS)))
    seconds = time.perf_counter() - began
    if context.quick:
        returns = late_return(record.returns)
        file = template.path / "data" / "normalization.json"
        known = json.loads(file.read_text(encoding="utf-8"))["ppo"]
        own = known[f"{setup.environment} {setup.horizon}"]
        # Its standard error is that of 32 seeds.
        error = own["standard_error"] * (32 / _SEEDS + 1) ** 0.5
        good = abs(returns.mean() - own["mean"]) <= _STANDARD_ERRORS * error
        said = f"known {own['mean']:.1f}, {_STANDARD_ERRORS * error:.1f} off at most"
    else:
        returns = record.returns[:, -1]
        low, high = PUBLISHED[setup.environment]
        good = within(float(returns.mean()), low, high)
        said = f"published {low:g} to {high:g}, {_TOLERANCE:.0%} off at most"
    yield row(
        f"PPO's known return: {context.argument}",
        f"{returns.mean():.1f} ({', '.join(f'{one:.1f}' for one in returns)}) after "
        f"{setup.horizon:,} steps; {said}; {_SEEDS * setup.horizon / seconds:,.0f} steps/s with "
        "compilation",
        seconds,
        good=bool(good),
    )
