"""The engine that fits a template's boundary."""

from __future__ import annotations

from collections.abc import Callable

from sandboxes.contract import Sandbox
from sandboxes.engines.base import Engine
from sandboxes.engines.function import FunctionEngine
from sandboxes.engines.script import ScriptEngine
from templates.errors import UserError
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
    """An engine, not started yet; see `Engine` for the arguments.

    Raises:
        UserError: This version has no engine for the template's boundary.
    """
    kinds: dict[str, type[Engine]] = {"function": FunctionEngine, "program": ScriptEngine}
    boundary = template.spec.boundary
    if boundary not in kinds:
        raise UserError(f"templates with the boundary {boundary!r} cannot be run in this version")
    return kinds[boundary](template, sandbox, workers=workers, platform=platform, notify=notify)
