"""Points, their hidden classes, and how log-probabilities of them are scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from templates.contract import SeedResult, Task
from templates.hiding import hidden_generator
from templates.log_probabilities import normalized


class HiddenClassesCore:
    """Satisfies `ExperimentCore`."""

    def inputs(self, *, task: Task, seed: int) -> Mapping[str, NDArray[Any]]:
        points, labels, known = _drawn(task, seed)
        return {"points": points[:known], "labels": labels[:known], "asked": points[known:]}

    def score(
        self, outputs: Mapping[str, NDArray[np.float64]], *, task: Task, seed: int
    ) -> SeedResult:
        _, labels, known = _drawn(task, seed)
        log_probs = normalized("log_probs", outputs["log_probs"])
        given = np.take_along_axis(log_probs, labels[known:, None], axis=1)[:, 0]
        return SeedResult(task.name, seed, {"nats": float(-given.mean())})


def _drawn(task: Task, seed: int) -> tuple[NDArray[Any], NDArray[Any], int]:
    rng = hidden_generator("hidden_classes", task.name, seed)
    values = task.values
    points = rng.uniform(-1, 1, (values["known"] + values["hidden"], 2))
    angle = np.arctan2(points[:, 1], points[:, 0]) if task.name == "sectors" else points[:, 0] * 3.1
    place = np.floor((angle + np.pi) / (2 * np.pi) * values["classes"]).astype(int)
    names = rng.permutation(values["classes"])
    return points, names[np.clip(place, 0, values["classes"] - 1)], values["known"]
