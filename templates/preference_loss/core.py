"""The evaluation core: a candidate loss is scored by the reward-KL frontier that it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from templates.contract import BoundFunction, SeedResult
from templates.preference_loss import corpus, language_model
from templates.preference_loss.attributes import make_rewards
from templates.preference_loss.curves import loss_curves
from templates.preference_loss.frontier import KL_BUDGETS, Point, reward_at_budgets
from templates.preference_loss.pairs import SeedDataSource
from templates.preference_loss.probes import probe_arguments
from templates.preference_loss.settings import BETAS, EFFORTS, TASKS
from templates.preference_loss.training import Judgement, PolicyTrainer

__all__ = ["PreferenceLossCore"]

_KL_CAP = 100.0
_SEEDS_AT_ONCE = {"cpu": 1, "cuda": 16}


class PreferenceLossCore:
    """Retrains a small language model with a candidate loss; satisfies `FunctionCore`.

    Args:
        platform: "cpu" or "cuda".

    Raises:
        KeyError: For another platform.
    """

    def __init__(self, platform: str) -> None:
        self.population = len(BETAS) * _SEEDS_AT_ONCE[platform]
        reference = language_model.load_reference()
        data = corpus.load()
        self._source = SeedDataSource(data, reference)
        self._trainer = PolicyTrainer(reference, make_rewards(data.vocabulary), platform)

    def warm_up(self) -> None:
        """Compile training and judging; one set of programs serves every task and effort."""
        never = _NeverLearns(self.population)
        self.evaluate({"loss": never}, effort="smoke", task=next(iter(TASKS)), seeds=[2**32 - 1])

    def probes(self) -> Mapping[str, Sequence[tuple[NDArray[np.float32], ...]]]:
        """Realistic log-probabilities with margins far beyond those of training."""
        return {"loss": probe_arguments(self.population)}

    def curves(self, functions: Mapping[str, BoundFunction]) -> Mapping[str, Any]:
        """Value and slope of the loss over the scaled margin."""
        return loss_curves(functions["loss"])

    def evaluate(
        self,
        functions: Mapping[str, BoundFunction],
        *,
        effort: str,
        task: str,
        seeds: Sequence[int],
    ) -> list[SeedResult]:
        """Train a policy per beta for each seed and read the frontier; see `FunctionCore`.

        Raises:
            KeyError: For an unknown function, effort or task.
            ValueError: Where the function's population is not a multiple of the betas.
        """
        loss = functions["loss"]
        together, rest = divmod(loss.population, len(BETAS))
        if rest or not together:
            raise ValueError(f"the population {loss.population} is no multiple of {len(BETAS)}")
        results: list[SeedResult] = []
        for start in range(0, len(seeds), together):
            results += self._evaluate_together(
                loss, effort, task, list(seeds[start : start + together]), together
            )
        return results

    def _evaluate_together(
        self, loss: BoundFunction, effort: str, task: str, seeds: list[int], together: int
    ) -> list[SeedResult]:
        setting = TASKS[task]
        # a program has one fixed population: fill it with repeats and drop their results
        filled = seeds + [seeds[-1]] * (together - len(seeds))
        each = [self._source.get(task, seed) for seed in filled]
        data = jax.tree.map(lambda *arrays: jnp.stack(arrays), *each)
        betas = jnp.array(setting.betas, jnp.float32)
        params = self._trainer.train(loss, data, betas, EFFORTS[effort])
        judged = jax.device_get(self._trainer.judge(params, data))
        reference_rewards = np.asarray(data.reference_rewards)
        return [
            _result(
                task,
                seed,
                _points(judged, reference_rewards, place, setting.betas),
                float(reference_rewards[place].mean()),
            )
            for place, seed in enumerate(seeds)
        ]


class _NeverLearns:
    """A loss that is zero everywhere, to compile the rest of the training with."""

    def __init__(self, population: int) -> None:
        self.population = population

    def value(self, *arguments: jax.Array) -> jax.Array:
        return jnp.zeros_like(arguments[0])

    def vjp(self, *arguments_and_cotangent: jax.Array) -> tuple[jax.Array, ...]:
        # Made from the arguments, so that the result lies where theirs do.
        zeros = 0.0 * arguments_and_cotangent[0]
        return zeros, zeros


def _points(
    judged: Judgement, reference_rewards: NDArray[np.float32], place: int, betas: Sequence[float]
) -> list[Point]:
    points = []
    own = np.asarray(reference_rewards[place], np.float64)
    for member, beta in enumerate(betas):
        kl = float(judged.kl[place, member])
        if not (bool(judged.finite[place, member]) and np.isfinite(kl)):
            points.append(Point(beta, True, None, None, None, None, None, None))
            continue
        rewards = np.asarray(judged.rewards[place, member], np.float64)
        gain = rewards - own
        points.append(
            Point(
                beta=beta,
                diverged=False,
                kl=max(kl, 0.0),
                reward=float(rewards.mean()),
                reward_gain=float(gain.mean()),
                reward_gain_error=float(gain.std(ddof=1) / np.sqrt(len(gain))),
                win_rate=float((0.5 * (np.sign(gain) + 1)).mean()),
                accuracy=float(judged.accuracy[place, member]),
            )
        )
    return points


def _result(task: str, seed: int, points: list[Point], reference_reward: float) -> SeedResult:
    """Summarise one seed; a policy that diverged counts as the worst that there is."""
    within = [
        (point.reward, point.win_rate)
        for point in points
        if point.reward is not None and point.kl is not None and point.kl <= max(KL_BUDGETS)
    ]
    best = max([(reference_reward, 0.5), *((r, w) for r, w in within if w is not None)])
    diverged = sum(point.diverged for point in points)
    metrics = {
        "reward_at_kl": reward_at_budgets(points, reference_reward),
        "win_rate": best[1],
        "kl": _mean([_KL_CAP if point.kl is None else min(point.kl, _KL_CAP) for point in points]),
        "accuracy": _mean([0.0 if p.accuracy is None else p.accuracy for p in points]),
        "instability": _mean([float(_unstable(point)) for point in points]),
    }
    detail: dict[str, Any] = {
        "reference_reward": reference_reward,
        "points": [asdict(point) for point in points],
        "parts": {
            f"KL {budget:g}": reward_at_budgets(points, reference_reward, [budget])
            for budget in KL_BUDGETS
        },
    }
    failed = (
        f"training diverged at {diverged} of {len(points)} values of beta" if diverged else None
    )
    return SeedResult(task=task, seed=seed, metrics=metrics, detail=detail, failed=failed)


def _unstable(point: Point) -> bool:
    """Diverged, or ended below the reference by more than two standard errors."""
    if point.reward_gain is None or point.reward_gain_error is None:
        return True
    return point.reward_gain < -2.0 * point.reward_gain_error


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
