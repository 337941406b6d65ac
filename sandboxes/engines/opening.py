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
    salt: str | None = None,
) -> Engine:
    """An engine, not started yet; see `Engine` for the arguments.

    Args:
        template: See `Engine`.
        sandbox: See `Engine`.
        workers: See `Engine`.
        platform: See `Engine`.
        notify: See `Engine`.
        salt: Of an experiment's hidden data, see `templates.hiding`; None for none.

    Raises:
        ValueError: There is a salt, and the template is no experiment.
    """
    if template.spec.boundary == "experiment":
        return ExperimentEngine(
            template, sandbox, workers=workers, platform=platform, notify=notify, salt=salt
        )
    if salt is not None:
        raise ValueError(f"{template.spec.name} is no experiment: it hides nothing")
    kinds: dict[str, type[Engine]] = {
        "function": FunctionEngine,
        "program": ScriptEngine,
    }
    return kinds[template.spec.boundary](
        template, sandbox, workers=workers, platform=platform, notify=notify
    )
