"""What a random policy and PPO earn on each task, by which returns are normalised.

``data/normalization.json`` holds means over seeds and says how they were made:
``python -m templates.temporal_rl.normalization`` makes it anew.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.temporal_rl.settings import TASKS, Setup

__all__ = ["PUBLISHED", "late_return", "normalized", "random_return"]

PUBLISHED = {
    "Asterix-MinAtar": (15.0, 16.0),
    "Freeway-MinAtar": (61.8, 62.2),
    "Breakout-MinAtar": (50.1, 61.1),
    "SpaceInvaders-MinAtar": (167.0, 182.0),
    "brax:ant": (6730.0, 6730.0),
}
"""Lowest and highest return published for PPO after 10 million steps of MinAtar and 30 to 50
million of Ant (Lu et al. 2022, arXiv:2210.05639; Jackson et al. 2024, arXiv:2402.05828). Returns
are normalised by the middle."""
_LATE = 3
_FILE = Path(__file__).resolve().parent / "data" / "normalization.json"


def normalized(setup: Setup, returns: Any) -> Any:
    """Returns as shares of what PPO gains over a random policy on the same task and horizon.

    In the profiles ``gpu`` and ``brax`` PPO's gain is that published for the search's horizon,
    whatever the horizon.

    Args:
        setup: The task.
        returns: A number or an array.
    """
    random = random_return(setup)
    measured = _measured()["ppo"].get(f"{setup.environment} {setup.horizon}")
    ppo = sum(PUBLISHED[setup.environment]) / 2 if measured is None else measured["mean"]
    return (returns - random) / (ppo - random)


def late_return(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last three points, ``[seeds]`` from ``[seeds, points]``."""
    late: NDArray[np.float64] = returns[:, -_LATE:].mean(axis=1)
    return late


def random_return(setup: Setup) -> float:
    """What a random policy earns on a task, in the environment's own terms."""
    return float(_measured()["random"][setup.environment]["mean"])


@cache
def _measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Measure and write the file."""
    from templates.native import load_native
    from templates.registry import load_template
    from templates.temporal_rl.levels import LEVELS
    from templates.temporal_rl.training import Trainer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=32)
    count = parser.parse_args().seeds
    template = load_template("temporal_rl", {"level": "drift"})
    drift = template.spec.functions[0]
    seeds = [int(word) & 0x7FFF_FFFF for word in np.random.SeedSequence(402).generate_state(count)]
    found: dict[str, Any] = {
        "made": f"{count} seeds, jax {version('jax')}, gymnax {version('gymnax')}",
        "random": {},
        "ppo": {},
    }
    trainers: dict[str, Trainer] = {}
    for setup in TASKS.values():
        name = f"{setup.environment} {setup.horizon}"
        if name in found["ppo"]:
            continue
        if setup.environment not in trainers:
            trainers[setup.environment] = Trainer(setup.environment, setup.profile, LEVELS["drift"])
        trainer = trainers[setup.environment]
        path = template.path / "baselines" / "drift" / "ppo.py"
        functions = {"drift": load_native(path, drift, setup.profile.minibatch)}
        if setup.environment not in found["random"]:
            random = [trainer.random_return([seed])[0] for seed in seeds]
            found["random"][setup.environment] = _summary(random)
        late = [late_return(trainer.train(functions, setup, [seed]).returns)[0] for seed in seeds]
        found["ppo"][name] = _summary(late)
        print(name, found["random"][setup.environment], found["ppo"][name], flush=True)
    for environment in sorted(set(PUBLISHED) - set(found["random"])):
        trainer = Trainer(environment, TASKS["breakout"].profile, LEVELS["drift"])
        # A robot's 16 episodes take a minute, and there is little to tell apart.
        few = seeds[:2] if environment.startswith("brax:") else seeds
        random = [trainer.random_return([seed])[0] for seed in few]
        found["random"][environment] = _summary(random) | {"seeds": len(few)}
        print(environment, found["random"][environment], flush=True)
    partly = _FILE.with_suffix(".partly")
    partly.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    partly.replace(_FILE)


def _summary(values: list[Any]) -> dict[str, float]:
    array = np.asarray(values, np.float64)
    return {
        "mean": round(float(array.mean()), 6),
        "standard_error": round(float(array.std(ddof=1) / np.sqrt(len(array))), 6),
    }


if __name__ == "__main__":
    main()
