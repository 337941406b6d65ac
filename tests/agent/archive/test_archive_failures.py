from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from agent.archive import Archive
from templates.errors import InfrastructureError, UserError
from tests.agent.archive.conftest import Maker


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    file.write_text("these are my notes, not a database; " * 50)
    with pytest.raises(UserError, match="damaged or not an archive"):
        Archive(file)
    assert file.read_text().startswith("these are my notes")


@pytest.mark.parametrize("intact_bytes", [4096, 200_000], ids=["from the start", "further on"])
def test_a_damaged_archive_says_so(
    archive: Archive, campaign: str, make: type[Maker], intact_bytes: int
) -> None:
    with archive.transaction() as step:
        for index in range(200):
            step.add_candidate(make.candidate(campaign, index, code="x" * 2000))
    archive.close()
    damaged = Path(archive.location)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:intact_bytes] + b"\xa5" * (len(content) - intact_bytes))

    def read() -> None:
        with Archive(damaged, must_exist=True) as opened:
            opened.candidates(campaign)

    with pytest.raises(UserError, match="damaged or not an archive"):
        read()


def test_a_full_disk_loses_the_step_and_nothing_else(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    archive.add_candidate(make.candidate(campaign, 0))
    before = archive.canonical_content(campaign)
    archive.close()

    @event.listens_for(Engine, "connect")
    def _no_room(connection: sqlite3.Connection, record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    try:
        with pytest.raises(InfrastructureError, match="the disk is full"):
            archive.add_candidate(make.candidate(campaign, 1, code="x" * 100_000))
        assert archive.canonical_content(campaign) == before
    finally:
        event.remove(Engine, "connect", _no_room)
    archive.close()
    archive.add_candidate(make.candidate(campaign, 1, code="x" * 100_000))
    assert archive.counts(campaign).total == 2


def test_an_archive_that_cannot_be_written_says_so(
    archive: Archive, campaign: str, make: type[Maker]
) -> None:
    archive.close()

    @event.listens_for(Engine, "connect")
    def _read_only(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    try:
        with pytest.raises(UserError, match="make it and its folder writable"):
            archive.add_candidate(make.candidate(campaign, 0))
    finally:
        event.remove(Engine, "connect", _read_only)


_NOBODY = 65534


@contextmanager
def without_root() -> Iterator[None]:
    """Be somebody whom permissions hold for, since root may write everywhere."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_without_permission_says_so() -> None:
    # Not below tmp_path, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "home"
        folder.mkdir()
        folder.chmod(0o555)
        Path(place).chmod(0o755)
        with without_root(), pytest.raises(UserError, match="cannot"):
            Archive(folder / "archive.db")
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/self/nowhere/archive.db", "/dev/null/archive.db"])
def test_a_place_that_cannot_be_says_so(place: str) -> None:
    with pytest.raises(UserError, match="cannot make the folder"):
        Archive(place)


def test_a_database_that_stays_locked_says_so(
    archive: Archive, campaign: str, make: type[Maker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.archive.dialect.BUSY_TIMEOUT_S", 0.2)
    with (
        Archive(archive.location) as impatient,
        closing(sqlite3.connect(archive.location)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        # Readers are not concerned.
        assert impatient.counts(campaign).total == 0
        with pytest.raises(InfrastructureError, match=r"locked for over 0\.2 s"):
            impatient.add_candidate(make.candidate(campaign, 0))
        other.rollback()
        impatient.add_candidate(make.candidate(campaign, 0))


def test_urls_that_cannot_be_used_say_so() -> None:
    with pytest.raises(UserError, match="cannot be kept in 'mysql'"):
        Archive("mysql://localhost/archive")
    with pytest.raises(UserError, match="not a database URL"):
        Archive("://")
    with pytest.raises(UserError, match="in memory"):
        Archive("sqlite://")


@pytest.mark.parametrize("name", ["../../outside", "/etc", "a/b", ".", "", "a\\nb", "\u202eabc"])
def test_a_campaign_of_another_archive_names_no_path(
    archive: Archive, campaign: str, make: type[Maker], name: str
) -> None:
    """Reports, papers and locks are written to folders of that name."""
    archive.add_candidate(make.candidate(campaign, 0))
    archive.close()
    with closing(sqlite3.connect(archive.location)) as database, database:
        database.execute("UPDATE candidates SET id = ?", (name,))
        database.execute("UPDATE campaigns SET id = ?", (name,))
        database.execute("UPDATE candidates SET campaign_id = ?", (name,))
    with Archive(Path(archive.location), must_exist=True) as opened:
        with pytest.raises(UserError, match="no identifier of a campaign"):
            opened.campaigns()
        with pytest.raises(UserError, match="no identifier of a campaign"):
            opened.candidates(name)
        with pytest.raises(UserError, match="no identifier of a campaign"):
            opened.lease(name)
