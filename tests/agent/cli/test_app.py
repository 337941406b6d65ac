"""The entry point: help, start-up, and what a person sees when something goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import main
from tests.agent.cli.conftest import Discover, DiscoverProcess, Home

COMMANDS = (
    ["run"],
    ["resume"],
    ["stop"],
    ["status"],
    ["list"],
    ["best"],
    ["show"],
    ["evaluate"],
    ["report"],
    ["models"],
    ["doctor"],
    ["templates", "list"],
)
SLOW_TO_IMPORT = ("jax", "litellm", "scipy", "matplotlib", "sqlalchemy", "numpy", "pydantic")


def test_help_is_quick(discover_process: DiscoverProcess) -> None:
    def cpu_seconds() -> float:
        before = os.times()
        done = discover_process("--help")
        after = os.times()
        assert done.returncode == 0
        assert "Campaigns:" in done.stdout
        spent = after.children_user + after.children_system
        return spent - before.children_user - before.children_system

    # Processor time, the best of a few: other tests may be running beside this one.
    assert min(cpu_seconds() for _ in range(3)) < 0.5


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys, agent.cli\n"
        "code = agent.cli.main(['--help'])\n"
        f"heavy = [name for name in {SLOW_TO_IMPORT!r} if name in sys.modules]\n"
        "print(code, heavy, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "0 []"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(
    discover: Discover, command: tuple[str, ...]
) -> None:
    found = discover(*command, "--help")
    assert found.code == 0
    assert f"Example: discover {' '.join(command)}" in found.out


def test_host_never_imports_jax() -> None:
    folder = Path(main.__code__.co_filename).parent
    modules = [
        "agent.cli." + ".".join(file.relative_to(folder).with_suffix("").parts)
        for file in folder.rglob("*.py")
        if file.name != "__init__.py"
    ]
    program = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\n"
    program += "print([n for n in ('jax', 'litellm', 'matplotlib') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert len(modules) > 10
    assert done.stdout.strip() == "[]"


def test_version(discover: Discover) -> None:
    found = discover("--version")
    assert found.code == 0
    assert found.out.startswith("discover 0.")


def test_unknown_command_names_the_near_one(discover: Discover) -> None:
    found = discover("statsu")
    assert found.code == 2
    assert "status" in found.err


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        *[("--hours", value, "finite number") for value in ("nan", "inf", "-inf")],
        ("--hours", "0", "--hours must be positive"),
        ("--hours", "-1", "--hours must be positive"),
        ("--budget", "inf", "finite number"),
        ("--budget", "nan", "--budget"),
        ("--seed", str(2**63), "--seed"),
        ("--set", "call_timeout_s=inf", "call_timeout_s=inf: Input should be a finite number"),
        ("--set", "paper_budget=nan", "paper_budget=nan"),
    ],
)
def test_a_limit_that_limits_nothing_is_refused(
    discover: Discover, tmp_path: Path, option: str, value: str, says: str
) -> None:
    found = discover("run", "preference_loss", option, value, "--home", tmp_path / "home")
    assert found.code == 2
    assert says in found.err
    assert "Traceback" not in found.err
    assert not (tmp_path / "home").exists()


def test_unknown_template_names_the_near_one(discover: Discover, tmp_path: Path) -> None:
    found = discover("run", "preference_los", "--home", tmp_path)
    assert found.code == 2
    assert found.err.count("\n") == 1
    assert "preference_loss" in found.err
    assert found.out == ""


def test_no_archive_yet_says_what_to_do(discover: Discover, tmp_path: Path) -> None:
    for command in (["list"], ["status"], ["best"], ["show", "x"], ["report"], ["stop"]):
        found = discover(*command, "--home", tmp_path / "nowhere")
        assert found.code == 2, command
        assert found.err.count("\n") == 1
        assert "discover run" in found.err
    assert not (tmp_path / "nowhere" / "archive.db").exists()


def test_home_comes_from_the_environment(
    discover: Discover, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCOVER_HOME", str(home.path))
    assert discover("list", "--json").json["campaigns"][0]["campaign"] == home.campaign


def test_damaged_archive_is_told_in_one_line(discover: Discover, tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"this is not a database, " * 100)
    found = discover("list", "--home", tmp_path)
    assert found.code in (2, 3)
    assert found.err.count("\n") == 1
    assert "archive.db" in found.err


@pytest.fixture
def lying_home(home: Home) -> Home:
    """A home whose campaign record lacks what every campaign has: a bug, seen from outside."""
    import sqlite3

    with sqlite3.connect(home.path / "archive.db") as connection:
        connection.execute("UPDATE campaigns SET settings = '{\"template\": 5}'")
    return home


def test_a_bug_is_saved_and_named(discover: Discover, lying_home: Home) -> None:
    found = discover("show", "tempered_logit", "--home", lying_home.path)
    assert found.code == 1
    assert found.err.count("\n") == 1
    assert "state is saved" in found.err
    (saved,) = (lying_home.path / "errors").iterdir()
    assert str(saved) in found.err
    assert "Traceback (most recent call last)" in saved.read_text()


def test_a_bug_is_not_hidden_with_debug(lying_home: Home, discover: Discover) -> None:
    with pytest.raises(TypeError):
        discover("--debug", "show", "tempered_logit", "--home", lying_home.path)
    assert not (lying_home.path / "errors").exists()


def test_a_traceback_that_cannot_be_saved_is_printed(discover: Discover, lying_home: Home) -> None:
    (lying_home.path / "errors").write_text("a file where the folder should be")
    found = discover("show", "tempered_logit", "--home", lying_home.path)
    assert found.code == 1
    assert "Traceback" in found.err


def test_a_closed_pipe_is_quiet(home: Home) -> None:
    script = Path(sys.executable).with_name("discover")
    done = subprocess.run(
        f"'{script}' list --json --home '{home.path}' | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


def test_json_is_all_there_is_on_standard_output(discover: Discover, home: Home) -> None:
    for command in (
        ["list"],
        ["status"],
        ["best"],
        ["show", "tempered_logit"],
        ["templates", "list"],
    ):
        where = [] if command[0] == "templates" else ["--home", home.path]
        found = discover(*command, "--json", *where)
        assert found.code == 0, found.err
        assert isinstance(found.json, dict)
