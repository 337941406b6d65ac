"""A small but real core: gradient descent on a line, scored on noise-free points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from templates.contract import BoundFunction, SeedResult

POINTS, MEMBERS = 32, 2
RATES = np.array([0.03, 0.1], np.float32)


class RobustRegressionCore:
    def __init__(self, platform: str) -> None:
        self.platform = platform

    def warm_up(self) -> None:
        self._predict = jax.jit(lambda w, x: jnp.einsum("pf,nf->pn", w, x))
        self._update = jax.jit(
            lambda w, x, ct, rate: w - rate[:, None] * jnp.einsum("pn,nf->pf", ct, x)
        )
        self._predict(jnp.zeros((MEMBERS, 2)), jnp.zeros((POINTS, 2)))

    def probes(self) -> dict[str, list[tuple[np.ndarray, ...]]]:
        rng = np.random.default_rng(0)
        shape = (MEMBERS, POINTS)
        return {
            "loss": [
                tuple(rng.normal(size=shape).astype(np.float32) * 2 for _ in range(2))
                for _ in range(3)
            ]
        }

    def curves(self, functions: Mapping[str, BoundFunction]) -> dict[str, Any]:
        x = np.linspace(-3, 3, POINTS).astype(np.float32)
        operands = (jnp.tile(x, (MEMBERS, 1)), jnp.zeros((MEMBERS, POINTS)))
        value = np.asarray(functions["loss"].value(*operands))[0]
        (gradient,) = functions["loss"].vjp(*operands, jnp.ones_like(operands[0]))
        return {
            "x": x.tolist(),
            "value": value.tolist(),
            "gradient": np.asarray(gradient)[0].tolist(),
            "x_label": "prediction minus target",
        }

    def evaluate(
        self,
        functions: Mapping[str, BoundFunction],
        *,
        effort: str,
        task: str,
        seeds: Sequence[int],
    ) -> list[SeedResult]:
        vjp = jax.jit(functions["loss"].vjp)
        return [self._one(vjp, effort, task, seed) for seed in seeds]

    def _one(
        self, vjp: Callable[..., tuple[jax.Array, ...]], effort: str, task: str, seed: int
    ) -> SeedResult:
        outliers = task.startswith("outliers")
        rng = np.random.default_rng([seed, outliers])
        inputs = np.stack([rng.normal(size=POINTS), np.ones(POINTS)], 1).astype(np.float32)
        truth = rng.normal(size=2).astype(np.float32)
        target = inputs @ truth + 0.1 * rng.normal(size=POINTS).astype(np.float32)
        if outliers:
            target = target + (rng.random(POINTS) < 0.2) * rng.normal(3.0, 4.0, POINTS)
        target = np.tile(target.astype(np.float32), (MEMBERS, 1))
        weights, ones = jnp.zeros((MEMBERS, 2)), np.full((MEMBERS, POINTS), 1 / POINTS, np.float32)
        steps = 5 if effort == "smoke" else 1 if task == "outliers_short" else 150
        for _ in range(steps):
            (cotangent,) = vjp(self._predict(weights, inputs), target, ones)
            weights = self._update(weights, inputs, cotangent, RATES)
        errors = np.abs((np.asarray(weights) - truth) @ inputs.T).mean(1)
        error = float(np.nan_to_num(errors, nan=10.0, posinf=10.0).min())
        return SeedResult(
            task=task,
            seed=seed,
            metrics={"error": min(error, 10.0), "steps": float(steps)},
            detail={"errors": [float(min(e, 10.0)) if np.isfinite(e) else 10.0 for e in errors]},
            failed=None if np.isfinite(errors).all() else "diverged",
        )
