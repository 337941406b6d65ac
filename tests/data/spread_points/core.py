"""Scores how evenly points are spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from templates.contract import SeedResult
from templates.errors import CandidateError


class SpreadPointsCore:
    def score(self, outputs: Mapping[str, np.ndarray], *, task: str, seed: int) -> SeedResult:
        points = np.sort(outputs["points"])
        if points[0] < 0 or points[-1] > 1:
            raise CandidateError("outside", "a point lies outside of the unit interval")
        gap = float(np.diff(points).min()) * (len(points) - 1)
        return SeedResult(task=task, seed=seed, metrics={"smallest_gap": gap})
