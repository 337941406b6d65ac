"""What a campaign asks of sandboxes: trace, inspect, evaluate, for each kind of boundary."""

from sandboxes.engines.answers import EvaluatorBugError, Measurement
from sandboxes.engines.base import Engine
from sandboxes.engines.opening import open_engine

__all__ = ["Engine", "EvaluatorBugError", "Measurement", "open_engine"]
