"""Levels, parts, order and deadlines of tests, tried on a small tree of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.parts import ROOT, Part, due, parts, record
from tests.harness.scheduling import group_of

pytestmark = pytest.mark.gate

TESTS = """
import subprocess
import pytest

def test_plain(): pass

@pytest.mark.gate
def test_of_the_gate(): pass

@pytest.mark.full("walls")
def test_of_walls(): assert open("walls/stone.txt").read()

@pytest.mark.full("roofs")
@pytest.mark.parametrize("number", [1, 2])
def test_of_roofs(number): pass
"""
DECLARED = """
[walls]
about = "what holds"
inputs = ["walls/", "tests/test_all.py"]

[roofs]
about = "what covers"
inputs = ["roofs/*.txt"]
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with two parts, nothing of which has passed yet."""
    for name in ("tests/harness", "sandboxes"):
        (tmp_path / name).mkdir(parents=True)
    needed = (
        "tests/conftest.py",
        "pyproject.toml",
        "sandboxes/descendants.py",
        "sandboxes/cache.py",
    )
    for file in (*(ROOT / name for name in needed), *(ROOT / "tests/harness").glob("*.py")):
        shutil.copy(file, tmp_path / file.relative_to(ROOT))
    (tmp_path / "sandboxes" / "__init__.py").touch()
    for name in ("walls", "roofs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stone.txt").write_text("grey")
    (tmp_path / "tests" / "full.toml").write_text(DECLARED)
    (tmp_path / "tests" / "test_all.py").write_text(TESTS)
    return tmp_path


@pytest.fixture
def run(tree: Path) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *arguments],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def ran(done: subprocess.CompletedProcess[str]) -> list[str]:
    lines = [line for line in done.stdout.splitlines() if " PASSED" in line]
    return sorted({line.partition("::")[2].split()[0] for line in lines})


def test_each_level_has_those_before_it(run: Run, tree: Path) -> None:
    assert ran(run("--level", "unit")) == ["test_plain"]
    record("walls", _part(tree, "walls").digest(tree), tests=1, seconds=1, root=tree)
    record("roofs", _part(tree, "roofs").digest(tree), tests=2, seconds=1, root=tree)
    assert ran(run()) == ["test_of_the_gate", "test_plain"]
    assert len(ran(run("--level", "full"))) == 5
    assert ran(run("--part=walls")) == ["test_of_walls"]
    unknown = run("--part=doors")
    assert unknown.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no part doors; there are walls, roofs" in unknown.stderr


def test_what_has_passed_is_recorded_and_a_changed_byte_is_noticed(run: Run, tree: Path) -> None:
    assert set(due(tree)) == {"walls", "roofs"}
    assert len(ran(run("--level", "full", "--record", "-n2", "--dist=loadfile"))) == 5
    passed = json.loads((tree / "tests" / "full.json").read_text())
    assert {name: one["tests"] for name, one in passed.items()} == {"roofs": 2, "walls": 1}
    assert due(tree) == {}
    (tree / "walls" / "stone.txt").write_text("gray")
    assert set(due(tree)) == {"walls"}
    again = run()
    assert ran(again) == ["test_of_the_gate", "test_of_walls", "test_plain"]
    assert "part walls of the level full runs too: what it covers has changed" in again.stdout
    # The gate writes nothing: only who asks for it takes a pass down.
    assert set(due(tree)) == {"walls"}
    (tree / "walls" / "stone.txt").write_text("grey")
    assert due(tree) == {}
    (tree / "walls" / "another.txt").write_text("")
    assert set(due(tree)) == {"walls"}


@pytest.mark.parametrize(
    "narrowed", [["-k", "walls"], ["tests/test_all.py"], ["--deselect", "tests/test_all.py::x"]]
)
def test_a_pass_of_something_less_is_not_recorded(
    run: Run, tree: Path, narrowed: list[str]
) -> None:
    assert run("--level", "full", "--record", *narrowed).returncode == 0
    assert set(due(tree)) == {"walls", "roofs"}


def test_a_part_that_failed_or_was_skipped_is_not_recorded(run: Run, tree: Path) -> None:
    file = tree / "tests" / "test_all.py"
    file.write_text(
        TESTS.replace("test_of_roofs(number): pass", "test_of_roofs(number): pytest.skip('no')")
    )
    run("--level", "full", "--record")
    assert set(due(tree)) == {"roofs"}
    # A failure elsewhere is none of the part's.
    stone = 'open("walls/stone.txt").read()'
    file.write_text(TESTS.replace(stone, "0").replace("test_plain(): pass", "test_plain(): 1 / 0"))
    assert run("--level", "full", "--record").returncode == pytest.ExitCode.TESTS_FAILED
    assert set(due(tree)) == {"walls"}
    file.write_text("import nothing_of_that_name\n" + TESTS)
    assert run("--level", "full", "--record").returncode == pytest.ExitCode.INTERRUPTED
    assert set(due(tree)) == {"walls"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import jax", "a unit test imports jax: mark it with pytest.mark.gate"),
        ("import subprocess\nsubprocess.run(['/x/isolation.py'])", "a unit test starts a sandbox"),
    ],
)
def test_a_mark_that_was_forgotten_is_noticed(run: Run, tree: Path, source: str, says: str) -> None:
    file = tree / "tests" / "test_more.py"
    body = "\n".join(f"    {line}" for line in source.splitlines())
    file.write_text(f"def test_more():\n{body}\n")
    done = run("--level", "unit", "tests/test_more.py")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert says in done.stdout
    file.write_text(f"import pytest\n\npytestmark = pytest.mark.gate\n{source}\n")
    # Not even imported, or it would fail.
    assert run("--level", "unit").returncode == 0


def test_who_runs_out_of_time_names_what_it_waited_for(run: Run, tree: Path) -> None:
    (tree / "tests" / "test_more.py").write_text(
        "import subprocess\n\ndef test_more():\n    subprocess.run(['sleep', '41'])\n"
    )
    done = run("--timeout", "3", "tests/test_more.py")
    assert "processes of tests/test_more.py::test_more at its deadline" in done.stdout
    assert "s: sleep 41" in done.stdout


def test_who_interrupts_a_run_is_told_what_was_running(tree: Path) -> None:
    (tree / "tests" / "test_more.py").write_text(
        "import os, signal, time\n\ndef test_more():\n    time.sleep(2)\n"
        "    os.kill(os.getppid(), signal.SIGINT)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "pytest", "-n1", "--dist=loadfile", "tests/test_more.py"]
    done = subprocess.run(
        command, cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )
    assert "tests/test_more.py::test_more" in done.stdout
    assert re.search(r"was running for \d+ s: tests/test_more.py::test_more", done.stdout)


def test_a_part_that_is_not_declared_is_an_error(run: Run, tree: Path) -> None:
    file = tree / "tests" / "test_all.py"
    file.write_text(TESTS.replace('full("walls")', 'full("doors")'))
    done = run()
    assert "full('doors',) names no part; there are walls, roofs" in done.stdout + done.stderr
    declared = DECLARED.replace("roofs/*.txt", "roofs/*.md")
    (tree / "tests" / "full.toml").write_text(declared)
    with pytest.raises(ValueError, match=r"input 'roofs/\*\.md' of part roofs is no file"):
        due(tree)


def test_the_boundary_is_an_input_of_its_attacks() -> None:
    covered = {part.name: set(part.files()) for part in parts()}
    boundary = covered["boundary"]
    assert {"sandboxes/isolation.py", "sandboxes/tracer/cage.py"} <= boundary
    assert {"sandboxes/images/tracer.lock", "sandboxes/images/Dockerfile"} <= boundary
    assert {"tests/sandboxes/attacks/fork_bomb.py", "tests/docker_engine.py"} <= boundary
    assert "agent/report/report.py" not in set().union(*covered.values())


def test_what_uses_docker_runs_in_one_worker() -> None:
    docker = group_of("tests/sandboxes/test_engine.py::test_x[docker]")
    assert docker == group_of("tests/sandboxes/test_docker.py::test_y")
    assert docker == group_of("tests/sandboxes/test_attacks.py::test_z[docker-fork_bomb]")
    assert docker == group_of("tests/sandboxes/test_closing.py::test_a_proxy_in_docker")
    file = "tests/sandboxes/test_attacks.py"
    assert group_of(f"{file}::test_z[process-docker_socket]") == file


def _part(root: Path, name: str) -> Part:
    return next(part for part in parts(root) if part.name == name)
