"""The engine that something is evaluated on: one that was handed in, or one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.evaluation.platforms import choose_platform
from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.errors import UserError
from templates.registry import Template

__all__ = ["fitting_sandbox", "running_engine"]


def fitting_sandbox(
    template: Template, sandbox: str, engine: Engine | None, notify: Callable[[str], None]
) -> Sandbox:
    """Where to evaluate: in the sandbox of the engine that was handed in, or in a chosen one.

    Args:
        template: What is evaluated.
        sandbox: ``auto``, which every sandbox fits, or the name of a registered one.
        engine: Handed in; None for none.
        notify: Told in one line what happens.

    Raises:
        UserError: The engine does not fit, or there is no such sandbox here.
    """
    if engine is None:
        return choose_sandbox(sandbox, notify)
    found, wanted = engine.template, template
    platform = choose_platform(template.spec, engine.sandbox)
    if not engine.is_open:
        wrong = "it was closed or never started"
    elif (found.spec.name, found.digest) != (wanted.spec.name, wanted.digest):
        wrong = f"it holds another template or version: {found.spec.name} of {found.path}"
    elif found.spec != wanted.spec:
        wrong = f"it holds {found.spec.name} with other settings"
    elif engine.platform != platform:
        wrong = f"it runs on {engine.platform}, not on {platform}"
    elif sandbox not in ("auto", engine.sandbox.name):
        wrong = f"it runs in the sandbox {engine.sandbox.name}, not in {sandbox}"
    else:
        return engine.sandbox
    raise UserError(f"the engine that was handed in cannot evaluate {template.spec.name}: {wrong}")


@contextmanager
def running_engine(
    template: Template,
    sandbox: Sandbox,
    engine: Engine | None,
    *,
    workers: int | None,
    notify: Callable[[str], None],
) -> Iterator[Engine]:
    """A running engine: the one that was handed in, which stays open, or one for the block alone.

    Args:
        template: What is evaluated.
        sandbox: What `fitting_sandbox` gave.
        engine: Handed in, and fits; None for none.
        workers: Of an engine for the block; None for its default.
        notify: Told in one line what happens while it starts.

    Raises:
        InfrastructureError: A process did not come up.
    """
    if engine is not None:
        yield engine
        return
    platform = choose_platform(template.spec, sandbox)
    with open_engine(
        template, sandbox, workers=workers, platform=platform, notify=notify
    ) as opened:
        yield opened
