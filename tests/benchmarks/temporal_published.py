"""PPO at 10 million steps of MinAtar against the published returns.

Usage: python -m tests.benchmarks.temporal_published [--environments breakout ...] [--seeds 2]

Trains the baseline of PPO with an annealed learning rate, as the papers do, with the sizes of the
profile ``gpu``, and prints returns at the end beside the ranges published for PPO (Lu et al. 2022,
arXiv:2210.05639; Jackson et al. 2024, arXiv:2402.05828). Within ten per cent of the range counts as
agreement. A GPU trains all seeds at once; a CPU takes some minutes for each.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import jax
import numpy as np

from templates.native import load_native
from templates.registry import load_template
from templates.temporal_rl.levels import LEVELS
from templates.temporal_rl.normalization import PUBLISHED
from templates.temporal_rl.settings import PROFILES
from templates.temporal_rl.training import Trainer

TASKS = ("asterix", "freeway", "breakout", "space_invaders")


def main() -> None:
    """Parse arguments, train, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", nargs="*", default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=2)
    chosen = parser.parse_args()
    template = load_template("temporal_rl", {"profile": "gpu", "level": "drift"})
    path = template.path / "baselines" / "drift" / "ppo_rate_annealed.py"
    together = chosen.seeds if jax.default_backend() == "gpu" else 1
    for name in chosen.environments:
        setup = PROFILES["gpu"][name]
        trainer = Trainer(setup.environment, setup.profile, LEVELS["drift"])
        functions = {
            signature.name: load_native(path, signature, together * setup.profile.minibatch)
            for signature in template.spec.functions
            if signature.name in ("drift", "learning_rate")
        }
        begun = time.perf_counter()
        returns = np.concatenate(
            [
                trainer.train(functions, setup, list(range(start, start + together))).returns
                for start in range(0, chosen.seeds, together)
            ]
        )
        seconds = time.perf_counter() - begun
        last = returns[:, -1]
        low, high = PUBLISHED[setup.environment]
        agrees = 0.9 * low <= last.mean() <= 1.1 * high
        print(
            f"{name}: {last.mean():.1f} ({', '.join(f'{x:.1f}' for x in last)}), published "
            f"{low:g} to {high:g}: {'agrees' if agrees else 'differs'}; curve "
            f"{', '.join(f'{x:.1f}' for x in returns.mean(axis=0))}; "
            f"{setup.horizon * chosen.seeds / seconds:,.0f} steps/s",
            flush=True,
        )


if __name__ == "__main__":
    main()
