"""What a campaign asks of sandboxes: trace, inspect, evaluate, for each kind of boundary."""

from sandboxes.engines.base import Engine, EvaluatorBugError, Measurement
from sandboxes.engines.opening import open_engine

__all__ = ["Engine", "EvaluatorBugError", "Measurement", "open_engine"]
