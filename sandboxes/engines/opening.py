"""The engine that fits a template's boundary."""

from __future__ import annotations

import os
from collections.abc import Callable

from sandboxes.contract import Sandbox
from sandboxes.engines.base import Engine
from sandboxes.engines.experiment import ExperimentEngine
from sandboxes.engines.function import FunctionEngine
from sandboxes.engines.pool import LocalPool
from sandboxes.engines.script import ScriptEngine
from sandboxes.engines.starting import WARM_UP_TIMEOUT_S, evaluator_role
from templates.registry import Template

__all__ = ["open_engine"]

_KINDS: dict[str, type[Engine]] = {
    "function": FunctionEngine,
    "program": ScriptEngine,
    "experiment": ExperimentEngine,
}
_JUDGE_BOOT_S = 60.0


def open_engine(
    template: Template,
    sandbox: Sandbox,
    *,
    workers: int | None = None,
    platform: str = "cpu",
    notify: Callable[[str], None] = lambda line: None,
    salt: str | None = None,
) -> Engine:
    """An engine over a pool of workers on this machine, not started yet.

    Args:
        template: What is evaluated.
        sandbox: Where processes run.
        workers: Warm workers; default one per core on a CPU, one on a GPU.
        platform: ``cpu`` or ``cuda``.
        notify: Told in one line when a process is replaced.
        salt: Of an experiment's hidden data, see `templates.hiding`; None for none.

    Raises:
        ValueError: There is a salt, and the template is no experiment.
    """
    if template.spec.boundary == "function":
        role, boot_s = evaluator_role(template, platform), WARM_UP_TIMEOUT_S
    else:
        # A judge compares arrays, wherever they were made.
        role = evaluator_role(template, "cpu", module="sandboxes.evaluator.judge")
        boot_s = _JUDGE_BOOT_S
    pool = LocalPool(
        sandbox,
        role,
        workers or (1 if platform == "cuda" else len(os.sched_getaffinity(0))),
        boot_s=boot_s,
        template=template.spec.name,
    )
    return _KINDS[template.spec.boundary](template, sandbox, platform, pool, notify, salt)
