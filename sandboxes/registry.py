"""Which sandboxes there are and which one a machine can use."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from sandboxes.contract import Sandbox
from sandboxes.process import ProcessSandbox
from templates.errors import UserError

__all__ = ["choose_sandbox", "register_sandbox", "sandbox_names"]

Notify = Callable[[str], None]


def _docker(notify: Notify) -> Sandbox:
    # Imported late: most commands talk to no engine.
    from sandboxes.docker import DockerSandbox

    return DockerSandbox(notify=notify)


_factories: dict[str, Callable[[Notify], Sandbox]] = {
    "docker": _docker,
    "process": lambda notify: ProcessSandbox(),
}


def register_sandbox(name: str, factory: Callable[[Notify], Sandbox]) -> None:
    """Add a kind of sandbox; ``tests/sandboxes/test_contract.py`` shows what it must hold.

    Args:
        name: What ``--sandbox`` calls it.
        factory: Makes one; takes a function that tells a person in one line what takes long, and
            raises UserError where this machine cannot have it.

    Raises:
        ValueError: The name is taken.
    """
    if name in _factories or name == "auto":
        raise ValueError(f"a sandbox named {name!r} is registered already")
    _factories[name] = factory


def sandbox_names() -> tuple[str, ...]:
    """Names of all kinds that are registered, whether this machine can have them or not."""
    return tuple(sorted(_factories))


def choose_sandbox(name: str = "auto", notify: Notify = lambda line: None) -> Sandbox:
    """The sandbox of that name.

    ``auto`` takes Docker where an engine answers that has our images (``discover sandbox build``),
    and processes otherwise.

    Raises:
        UserError: There is none of that name, or this machine cannot have it.
    """
    if name == "auto":
        return _docker_if_ready(notify) or ProcessSandbox()
    if name not in _factories:
        near = difflib.get_close_matches(name, _factories, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"there is no sandbox {name!r} in this version; {hint}available: auto, "
            f"{', '.join(sandbox_names())}"
        )
    return _factories[name](notify)


def _docker_if_ready(notify: Notify) -> Sandbox | None:
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return None
    from sandboxes.docker import DockerSandbox

    try:
        sandbox = DockerSandbox(notify=notify)
    except UserError as error:
        notify(f"Docker is not used: {error}")
        return None
    if not sandbox.ready():
        notify("Docker is not used: its images are not built (discover sandbox build)")
        return None
    return sandbox
