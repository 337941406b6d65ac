"""At the level unit, nothing imports JAX and nothing starts a sandbox: a test that does is told.

So a mark that was forgotten fails at once in `make quick`, and the level keeps its two minutes.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest

__all__ = ["UnitTestError"]

_HEAVY = frozenset({"jax", "jaxlib", "xllamacpp"})
_LAUNCHER = "isolation.py"


class UnitTestError(ImportError):
    """A unit test does what only tests of higher levels may."""


class _Refusing(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in _HEAVY:
            raise UnitTestError(f"a unit test imports {name}: mark it with pytest.mark.gate")
        return None


def _refuse_sandboxes(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        command = arguments[1]
        if any(str(part).endswith(_LAUNCHER) for part in command):
            raise UnitTestError("a unit test starts a sandbox: mark it with pytest.mark.gate")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse both from here on."""
    if config.getoption("--level") == "unit" and not config.getoption("--part"):
        sys.meta_path.insert(0, _Refusing())
        sys.addaudithook(_refuse_sandboxes)
