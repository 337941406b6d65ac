"""Which sandboxes there are and which one a machine can use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from sandboxes.contract import Sandbox
from sandboxes.process import ProcessSandbox
from templates.errors import UserError

__all__ = ["choose_sandbox", "register_sandbox", "sandboxes"]

_factories: dict[str, Callable[[], Sandbox]] = {"process": ProcessSandbox}


def register_sandbox(name: str, factory: Callable[[], Sandbox]) -> None:
    """Add a kind of sandbox.

    Raises:
        ValueError: The name is taken.
    """
    if name in _factories:
        raise ValueError(f"a sandbox named {name!r} is registered already")
    _factories[name] = factory


def sandboxes() -> Mapping[str, Sandbox]:
    """One of each kind, by name."""
    return {name: factory() for name, factory in _factories.items()}


def choose_sandbox(name: str = "auto") -> Sandbox:
    """The sandbox of that name; ``auto`` takes the strongest that works here.

    Raises:
        UserError: There is none of that name.
    """
    if name == "auto":
        return ProcessSandbox()
    if name not in _factories:
        near = difflib.get_close_matches(name, _factories, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"there is no sandbox {name!r} in this version; {hint}available: auto, "
            f"{', '.join(sorted(_factories))}"
        )
    return _factories[name]()
