"""How often a policy that acts at random does each task: what learning progress starts from.

``data/chance.json`` holds shares of episodes, by task space, limit and name, and says how they were
made: ``python -m templates.omni.chance`` makes it anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.omni.tasks import Task

__all__ = ["chance_of"]

_FILE = Path(__file__).resolve().parent / "data" / "chance.json"
_TOGETHER = 8


def chance_of(space: str, limit: int, tasks: Sequence[Task]) -> NDArray[np.float32]:
    """Success of a policy that acts at random.

    Args:
        space: ``standard`` or ``renamed``.
        limit: Steps of an episode.
        tasks: Possible ones of that space.

    Returns:
        ``[tasks]``.
    """
    known = _measured()["success"][f"{space} {limit}"]
    return np.array([known[task.name] for task in tasks], np.float32)


@cache
def _measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Measure and write the file."""
    import jax
    import jax.numpy as jnp

    from templates.omni.network import Agent, Weights
    from templates.omni.rollout import success_rates
    from templates.omni.settings import PROFILES
    from templates.omni.technology import Action
    from templates.omni.world import World, make_params

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=512, help="of each task")
    parser.add_argument("--profile", choices=sorted(PROFILES), action="append")
    arguments = parser.parse_args()
    episodes = arguments.episodes
    found: dict[str, Any] = {"made": f"{episodes} episodes, jax {version('jax')}", "success": {}}
    profiles = arguments.profile or PROFILES
    for setup in (setup for profile in profiles for setup in PROFILES[profile].values()):
        tasks, limit = setup.tasks, setup.profile.limit
        name = f"{setup.space} {limit}"
        if name in found["success"]:
            continue
        world = World(len(tasks.vocabulary))
        params = make_params(tasks, maps=setup.profile.maps, seed=setup.seed, limit=limit)
        agent = Agent(int(world.observation_space(params).shape[0]), len(Action), 1, 1)
        # Weights of zero: each action is as likely as any other.
        shapes = jax.eval_shape(agent.initial, jax.random.key(0))
        weights = Weights(*(jnp.zeros(one.shape, one.dtype) for one in shapes))
        places = np.flatnonzero(tasks.possible)
        rates = jax.jit(
            lambda key, world=world, agent=agent, params=params, weights=weights, places=places: (
                success_rates(
                    world,
                    agent,
                    params,
                    weights,
                    jnp.asarray(places),
                    _TOGETHER,
                    int(params.max_steps_in_episode),
                    key,
                )
            )
        )
        keys = jax.random.split(jax.random.key(306), max(1, episodes // _TOGETHER))
        success = np.mean([np.asarray(rates(key)) for key in keys], axis=0)
        found["success"][name] = {
            tasks.tasks[place].name: round(float(one), 5)
            for place, one in zip(places, success, strict=True)
        }
        print(name, {key: one for key, one in found["success"][name].items() if one > 0.01})
    partly = _FILE.with_suffix(".partly")
    partly.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    partly.replace(_FILE)


if __name__ == "__main__":
    main()
