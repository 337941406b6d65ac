from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from agent.archive import Archive
from agent.archive.migrate import SCHEMA_HEAD, VERSION_TABLE
from agent.archive.records import Measurement, MeasurementKey
from agent.archive.tables import Base
from templates.errors import UserError


def test_the_migrations_make_the_tables_of_the_models(archive: Archive, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{archive.location}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
    # The comparison knows nothing of checks and of what is kept where: compare the tables' words.
    direct = create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    Base.metadata.create_all(direct)
    direct.dispose()
    assert _words(archive.location) == _words(tmp_path / "direct.db")


# A column that a later migration adds stands behind the others, on the last line.
_PARTS = re.compile(r",(?![^()]*\))|\n")


def _words(file: str | Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != ?",
            (VERSION_TABLE,),
        ).fetchall()
    return {name: sorted({part.strip(" \t,)") for part in _PARTS.split(sql)}) for name, sql in rows}


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "agent.archive:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_HEAD]


def test_a_newer_archive_is_refused_and_left_alone(archive: Archive) -> None:
    with closing(sqlite3.connect(archive.location)) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        connection.commit()
    with pytest.raises(UserError, match="written by a newer one, so upgrade discovery-agent"):
        Archive(archive.location)
    with closing(sqlite3.connect(archive.location)) as connection:
        version = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
    assert version == ("9999",)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "music.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
        connection.commit()
    with pytest.raises(UserError, match=r"something else \(tables: songs\)"):
        Archive(file)
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("songs",)]


def test_an_interrupted_upgrade_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "archive.db"

    def interrupted(config: Config, revision: str) -> None:
        config.attributes["connection"].exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise KeyboardInterrupt

    monkeypatch.setattr("alembic.command.upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Archive(file)
    monkeypatch.undo()
    with Archive(file) as archive:
        assert archive.campaigns() == []
    assert "half" not in _words(file)


def test_what_was_measured_before_says_nothing_of_its_sandbox(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    config = Config()
    config.set_main_option("script_location", "agent.archive:migrations")
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql(
            "INSERT INTO measurements VALUES "
            "('t', 'p', 'full', 'task', 1, 'cpu', '{}', '{}', 2, NULL)"
        )
    engine.dispose()
    with Archive(file) as archive:
        found = archive.cached(MeasurementKey("t", "p", "full", "task", 1, "cpu"))
    assert found == Measurement({}, {}, 2.0)
    assert found.sandbox is None
    assert found.guarantees is None


def test_a_campaign_that_began_without_a_salt_goes_on_without(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    config = Config()
    config.set_main_option("script_location", "agent.archive:migrations")
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(
            "INSERT INTO campaigns (id, tag, template, template_digest, seed, settings, status, "
            "created_at, environment, calls, failed_calls, prompt_tokens, completion_tokens, "
            "cost_usd) VALUES ('2026-11-21-grokking-3f2a', '3f2a', 'grokking', 'd', 7, '{}', "
            "'stopped', '2026-11-21T00:00:00.000000Z', '{}', 0, 0, 0, 0, 0)"
        )
    engine.dispose()
    with Archive(file) as archive:
        assert archive.campaign("3f2a").salt is None


def test_processes_that_make_the_same_archive_together_all_succeed(tmp_path: Path) -> None:
    code = (
        "import sys; from agent.archive import Archive; sys.stdin.readline();"
        " print(Archive(sys.argv[1]).campaigns())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "archive.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    # They import first and begin on one signal.
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=60)
        assert (output, errors, process.returncode) == ("[]\n", "", 0)
