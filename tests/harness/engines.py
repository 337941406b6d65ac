"""Started engines that tests share: one for each sandbox, template and number of workers.

Starting one takes seconds (imports, a compiled core, a tracer), and what an engine holds between
two questions does not depend on the first one; `tests/sandboxes` shows that. So a worker of
pytest-xdist starts each engine once, whichever file asks first. What a test closes, breaks on
purpose or patches is an engine of its own: `sandboxes.engines.open_engine`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, open_engine
from templates.registry import Template

if TYPE_CHECKING:
    from agent.archive import CampaignRecord
    from agent.campaign import Campaign, Observer

__all__ = ["Engines", "RunCampaign"]

RunCampaign: TypeAlias = "Callable[[Campaign, Observer], CampaignRecord]"
"""Runs a campaign on the shared engine of its template."""

_KEPT = 5


class Engines:
    """Starts engines on first use and keeps those that were used last."""

    def __init__(self) -> None:
        self._started: OrderedDict[tuple[str, ...], Engine] = OrderedDict()

    def of(self, template: Template, sandbox: Sandbox, *, workers: int = 1) -> Engine:
        """A started engine.

        Args:
            template: What it evaluates; another specification is another template.
            sandbox: Where its processes run.
            workers: How many trusted workers it has.
        """
        key = (
            *(sandbox.name, str(template.path), template.digest),
            *(template.spec.model_dump_json(), str(workers)),
        )
        if key not in self._started:
            while len(self._started) >= _KEPT:
                self._started.popitem(last=False)[1].close()
            engine = open_engine(template, sandbox, workers=workers)
            engine.__enter__()
            self._started[key] = engine
        self._started.move_to_end(key)
        return self._started[key]

    def close(self) -> None:
        """End every process."""
        for engine in self._started.values():
            engine.close()
        self._started.clear()
