"""How much of the tests runs: ``--level unit``, ``gate`` or ``full``, and ``--part`` of the last.

A test is a unit test unless it is marked, or its module is. ``gate`` marks what takes a process
with JAX, a sandbox, a model or many seconds. ``full("PART")`` marks what runs only where what the
part covers has changed since it last passed; see `tests.harness.parts`. Modules that are marked as
a whole are not imported at a lower level.
"""

from __future__ import annotations

import ast
import enum
import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.parts import due, parts, record

__all__ = ["Level", "level_of_module"]

_PART = "part of full"
# A test that is skipped with this as the beginning of its reason, since the machine has no such
# hardware or no such Python, does not keep a part from having passed.
_NOT_HERE = "not here:"


class Level(enum.IntEnum):
    """How much runs; each level includes those before it."""

    unit = 1
    gate = 2
    full = 3


@dataclass(frozen=True)
class Mark:
    """Where a test belongs: its level, and its part if that is ``full``."""

    level: Level
    part: str | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--level``, ``--part`` and ``--record``."""
    group = parser.getgroup("levels", "how much runs")
    group.addoption(
        "--level",
        choices=[level.name for level in Level],
        default=Level.gate.name,
        help="unit: no process with JAX, no sandbox; gate (the default): what must pass, and those "
        "parts of full whose subject has changed since they last passed; full: everything",
    )
    group.addoption(
        "--part",
        action="append",
        default=[],
        help="only the tests of this part of the level full; may be repeated",
    )
    group.addoption(
        "--record",
        action="store_true",
        help="write down which parts have passed as a whole, and for which content",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to select."""
    config.pluginmanager.register(_Selection(config), "levels-selection")


class _Selection:
    """Decides what runs, and notes what has passed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._level = Level[config.getoption("--level")]
        self._only = frozenset(config.getoption("--part"))
        known = {part.name: part for part in parts()}
        unknown = sorted(self._only - set(known))
        if unknown:
            raise pytest.UsageError(f"no part {', '.join(unknown)}; there are {', '.join(known)}")
        self._due = due() if self._level is Level.gate and not self._only else {}
        full = set(known) if self._level is Level.full else set(self._due)
        self._chosen = self._only or frozenset(full)
        self._before = {name: known[name].digest() for name in self._chosen}
        self._passed: dict[str, list[str]] = {name: [] for name in self._chosen}
        self._missed: set[str] = set()
        self._started = time.monotonic()

    def pytest_report_header(self) -> list[str]:
        """Say what runs, and why if it is more than usual."""
        only = "".join(f", only part {name}" for name in sorted(self._only))
        lines = [f"level: {self._level.name}{only}"]
        lines += [
            f"part {name} of the level full runs too: {why}" for name, why in self._due.items()
        ]
        return lines

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out, before any import, modules of which nothing runs, and folders of such."""
        if collection_path.is_dir():
            modules = sorted(collection_path.rglob("test_*.py"))
        else:
            modules = [collection_path] if collection_path.name.startswith("test_") else []
        return True if modules and not any(map(self._may_run, modules)) else None

    def _may_run(self, module: Path) -> bool:
        mark = level_of_module(module)
        if mark is None or self._runs(mark):
            return True
        # Single tests of a module of the level gate may be of a part.
        return mark.part is None and bool(self._only)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what runs at this level."""
        kept: list[pytest.Item] = []
        left: list[pytest.Item] = []
        for item in items:
            mark = _mark_of(item)
            if mark.part is not None:
                item.user_properties.append((_PART, mark.part))
            (kept if self._runs(mark) else left).append(item)
        if left:
            self._config.hook.pytest_deselected(items=left)
            items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests of which part passed."""
        part = dict(report.user_properties).get(_PART)
        if part not in self._passed:
            return
        assert isinstance(part, str)
        if report.failed or (report.skipped and _NOT_HERE not in str(report.longrepr)):
            self._missed.add(part)
        elif report.when == "call" and report.passed:
            self._passed[part].append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write down what has passed, if that was asked for and nothing was left out.

        What failed elsewhere does not count against a part all of whose tests passed.
        """
        if not self._config.getoption("--record") or hasattr(self._config, "workerinput"):
            return
        to_its_end = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not to_its_end or not _as_a_whole(self._config):
            return
        current = {part.name: part.digest() for part in parts()}
        seconds = round(time.monotonic() - self._started)
        for name, tests in self._passed.items():
            # An edit while the tests ran is not what they have passed for.
            if tests and name not in self._missed and current[name] == self._before[name]:
                record(name, current[name], tests=len(tests), seconds=seconds)

    def _runs(self, mark: Mark) -> bool:
        if self._only:
            return mark.part in self._only
        if mark.level is Level.full:
            return mark.part in self._chosen
        return mark.level <= self._level


def _as_a_whole(config: pytest.Config) -> bool:
    """Whether no test was left out by a path, a keyword or the like."""
    narrowed = (
        *("keyword", "markexpr", "deselect", "lf", "maxfail", "stepwise", "collectonly"),
        "continue_on_collection_errors",
    )
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(name, None) for name in narrowed
    )


def _mark_of(item: pytest.Item) -> Mark:
    full = item.get_closest_marker("full")
    if full is None:
        return Mark(Level.unit if item.get_closest_marker("gate") is None else Level.gate)
    if len(full.args) != 1 or full.args[0] not in {part.name for part in parts()}:
        known = ", ".join(part.name for part in parts())
        raise pytest.UsageError(f"{item.nodeid}: full{full.args} names no part; there are {known}")
    return Mark(Level.full, full.args[0])


@functools.cache
def level_of_module(file: Path) -> Mark | None:
    """What ``pytestmark = pytest.mark...`` in a module says, read without importing it.

    Args:
        file: The module.

    Returns:
        The mark of the whole module; None where it has none, so that its tests may differ.
    """
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError:
        return None
    for mark in _marks(tree):
        text = ast.unparse(mark)
        if text == "pytest.mark.gate":
            return Mark(Level.gate)
        if isinstance(mark, ast.Call) and text.startswith("pytest.mark.full("):
            (part,) = mark.args
            assert isinstance(part, ast.Constant), f"{file}: name the part as a literal"
            return Mark(Level.full, str(part.value))
    return None


def _marks(tree: ast.Module) -> Iterator[ast.expr]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from node.value.elts if isinstance(node.value, ast.List) else [node.value]
