"""What took how long, by test, file and fixture: measured, kept and shown as a table.

``pytest --write-seconds`` measures a whole run and writes ``tests/seconds.json``, by which the next
run is ordered, and the tables in ``tests/README.md``.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.parts import ROOT

__all__ = ["known_seconds"]

_FILE = ROOT / "tests" / "seconds.json"
_README = ROOT / "tests" / "README.md"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_FIXTURE = "seconds of a fixture"
# What took less is not worth a line in the files.
_NOTED_S = 1.0


@dataclass
class _Seconds:
    tests: int = 0
    setup: float = 0.0
    call: float = 0.0
    teardown: float = 0.0

    @property
    def total(self) -> float:
        return self.setup + self.call + self.teardown


def known_seconds() -> dict[str, float]:
    """How long tests took when they were last measured, by their id; only those over a second."""
    if not _FILE.exists():
        return {}
    found: dict[str, float] = json.loads(_FILE.read_text(encoding="utf-8"))["tests"]
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--write-seconds``."""
    parser.getgroup("levels").addoption(
        "--write-seconds",
        action="store_true",
        help="write what took how long to tests/seconds.json and tests/README.md; use it with a "
        "whole run on a quiet machine",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Measure if that was asked for."""
    if config.getoption("--write-seconds"):
        config.pluginmanager.register(_Measuring(config), "levels-timing")


class _Measuring:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started = time.monotonic()
        self._tests: defaultdict[str, float] = defaultdict(float)
        self._files: defaultdict[str, _Seconds] = defaultdict(_Seconds)
        self._fixtures: defaultdict[str, list[float]] = defaultdict(list)
        self._item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Whoever asks first for a fixture that is shared reports it."""
        self._item = item

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
        started = time.monotonic()
        try:
            return (yield)
        finally:
            seconds = time.monotonic() - started
            if seconds >= _NOTED_S and self._item is not None:
                name = f"{fixturedef.baseid or 'tests'}: {fixturedef.argname}"
                self._item.user_properties.append((f"{_FIXTURE} {name}", seconds))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = self._files[report.nodeid.partition("::")[0]]
        self._tests[report.nodeid] += report.duration
        setattr(file, str(report.when), getattr(file, str(report.when)) + report.duration)
        if report.when == "setup":
            file.tests += 1
            for name, value in report.user_properties:
                if name.startswith(_FIXTURE):
                    self._fixtures[name.removeprefix(f"{_FIXTURE} ")].append(float(str(value)))

    def pytest_sessionfinish(self) -> None:
        if hasattr(self._config, "workerinput"):
            return
        level = self._config.getoption("--level")
        wall = round(time.monotonic() - self._started)
        content = {
            "level": level,
            "wall": wall,
            "tests": {
                name: round(seconds, 1)
                for name, seconds in sorted(self._tests.items())
                if seconds >= _NOTED_S
            },
        }
        _FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        _write_tables(level, wall, self._files, self._fixtures)


def _write_tables(
    level: str, wall: int, files: dict[str, _Seconds], fixtures: dict[str, list[float]]
) -> None:
    before, _, rest = _README.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    rows = [
        f"Measured at the level {level}: {wall // 60} min {wall % 60} s with two workers, "
        f"{sum(one.tests for one in files.values())} tests, "
        f"{sum(one.total for one in files.values()) / 60:.1f} min of work.",
        "",
        "| file | tests | setup s | call s | teardown s |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in sorted(files.items(), key=lambda entry: -entry[1].total):
        if one.total >= _NOTED_S:
            rows.append(
                f"| `{name.removeprefix('tests/')}` | {one.tests} | {one.setup:.1f} "
                f"| {one.call:.1f} | {one.teardown:.1f} |"
            )
    short = [one for one in files.values() if one.total < _NOTED_S]
    rows += [
        f"| {len(short)} other files | {sum(one.tests for one in short)} "
        f"| {sum(one.setup for one in short):.1f} | {sum(one.call for one in short):.1f} "
        f"| {sum(one.teardown for one in short):.1f} |",
        "",
        "| fixture | times | seconds |",
        "|---|---:|---:|",
    ]
    for name, seconds in sorted(fixtures.items(), key=lambda entry: -sum(entry[1])):
        rows.append(f"| `{name.removeprefix('tests/')}` | {len(seconds)} | {sum(seconds):.1f} |")
    text = "\n".join([before + _BEGIN, *rows, _END + after])
    _README.write_text(text, encoding="utf-8")
