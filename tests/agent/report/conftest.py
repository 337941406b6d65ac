"""Campaigns in a real archive: with a discovery, without one, and to be filled by a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.archive import Archive
from tests.agent.report.campaign_writer import Writer

# Begins a campaign; fills one of another template.
Starter = Callable[..., Writer]
Filler = Callable[[Archive, Path], None]


def _written(folder: Path, leader: float, *, confirm: bool) -> tuple[Path, dict[str, str]]:
    """An archive with a whole campaign, written in one transaction to be quick."""
    with Archive(folder / "archive.db") as archive, archive.transaction() as step:
        writer = Writer(step)
        writer.baselines()
        writer.proposals(leader=leader)
        if confirm:
            assert writer.confirm("tempered_margin", 0.74, {"ipo": 0.71, "dpo": 0.70})
    return folder / "archive.db", writer.ids


@pytest.fixture(scope="session")
def without_discovery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    return _written(tmp_path_factory.mktemp("nothing"), 0.69, confirm=False)


@pytest.fixture(scope="session")
def with_discovery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    return _written(tmp_path_factory.mktemp("discovery"), 0.75, confirm=True)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Where a test's campaigns lie; begins empty, or as a copy of a written one."""
    with Archive(tmp_path / "archive.db") as opened:
        yield opened


@pytest.fixture
def nothing_found(tmp_path: Path, without_discovery: tuple[Path, dict[str, str]]) -> Writer:
    """A campaign in which the best proposal is behind the best baseline."""
    return _copied(tmp_path, *without_discovery)


@pytest.fixture
def discovered(tmp_path: Path, with_discovery: tuple[Path, dict[str, str]]) -> Writer:
    """A campaign with one discovery."""
    return _copied(tmp_path, *with_discovery)


def _copied(folder: Path, source: Path, ids: dict[str, str]) -> Writer:
    shutil.copy(source, folder / "archive.db")
    archive = Archive(folder / "archive.db")
    return Writer(archive, record=archive.campaign(), ids=dict(ids))


@pytest.fixture
def start(archive: Archive) -> Starter:
    """Begins a campaign that a test fills by itself."""
    return lambda **values: Writer(**{"archive": archive, **values})


@pytest.fixture
def fill() -> Filler:
    """Writes a campaign of another template."""

    def write(archive: Archive, template: Path) -> None:
        with archive.transaction() as step:
            writer = Writer(step, template=str(template))
            writer.baselines()
            writer.proposals(leader=0.69)

    return write
