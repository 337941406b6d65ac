"""A core's result as it goes to the host."""

from __future__ import annotations

import math
from typing import Any

from templates.contract import SeedResult, TemplateSpec

__all__ = ["result_of"]


def result_of(result: SeedResult, spec: TemplateSpec, seconds: float) -> dict[str, Any]:
    """JSON data of one seed's result.

    Raises:
        RuntimeError: The core broke its contract: other metrics, or one that is not finite.
    """
    names = {metric.name for metric in spec.metrics}
    if set(result.metrics) != names:
        raise RuntimeError(f"the core returned {sorted(result.metrics)}, not {sorted(names)}")
    for name, number in result.metrics.items():
        if not math.isfinite(number):
            raise RuntimeError(f"the core returned {name} = {number}")
    return {
        "task": result.task,
        "seed": result.seed,
        "metrics": {name: float(number) for name, number in result.metrics.items()},
        "detail": dict(result.detail),
        "failed": result.failed,
        "seconds": seconds,
    }
