"""The engine that fits a template's boundary."""

from __future__ import annotations

from collections.abc import Callable

from sandboxes.contract import Sandbox
from sandboxes.engines.base import Engine
from sandboxes.engines.experiment import ExperimentEngine
from sandboxes.engines.function import FunctionEngine
from sandboxes.engines.script import ScriptEngine
from templates.registry import Template

__all__ = ["open_engine"]


def open_engine(
    template: Template,
    sandbox: Sandbox,
    *,
    workers: int | None = None,
    platform: str = "cpu",
    notify: Callable[[str], None] = lambda line: None,
) -> Engine:
    """An engine, not started yet; see `Engine` for the arguments."""
    kinds: dict[str, type[Engine]] = {
        "function": FunctionEngine,
        "program": ScriptEngine,
        "experiment": ExperimentEngine,
    }
    return kinds[template.spec.boundary](
        template, sandbox, workers=workers, platform=platform, notify=notify
    )
