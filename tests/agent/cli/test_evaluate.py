"""``discover evaluate`` with real sandboxes, on a small template."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.cli.conftest import Discover

pytestmark = pytest.mark.gate

TEMPLATE = Path(__file__).resolve().parents[2] / "data" / "robust_regression"

PSEUDO_HUBER = """
import jax.numpy as jnp

def loss(prediction, target):
    return jnp.sqrt(1.0 + (prediction - target) ** 2) - 1.0
"""
SQUARED_TWICE = """
def loss(prediction, target):
    return 3.0 * (target - prediction) ** 2 + 5.0
"""
BROKEN = """
import jax.numpy as jnp

def loss(prediction, target):
    return jnp.mean((prediction - target) ** 2)
"""
KEYS = {
    "status",
    "score",
    "metrics",
    "per_seed",
    "known_as",
    "flags",
    "error",
    "sandbox",
    "seconds",
    "template",
    "tier",
    "seed",
    "interval",
    "by_task",
}


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(code: str) -> Path:
        file = tmp_path / "mine.py"
        file.write_text(code)
        return file

    return write


def test_a_new_loss_gets_the_same_bits_twice(discover: Discover, write: Write) -> None:
    command = ("evaluate", TEMPLATE, write(PSEUDO_HUBER), "--tier", "smoke", "--seeds", "2")
    first, second = (discover(*command, "--seed", "5", "--json") for _ in range(2))
    assert first.code == second.code == 0
    assert first.json.keys() >= KEYS
    assert first.json["status"] == "valid"
    assert first.json["known_as"] is None
    assert first.json["error"] is None
    assert first.json["sandbox"] == "process"
    assert len(first.json["per_seed"]) == 2
    assert first.json["interval"]["low"] <= first.json["score"] <= first.json["interval"]["high"]
    assert {**first.json, "seconds": 0} == {**second.json, "seconds": 0}
    assert first.err == ""


def test_a_known_loss_is_named_to_a_person(discover: Discover, write: Write) -> None:
    found = discover("evaluate", TEMPLATE, write(SQUARED_TWICE), "--tier", "smoke")
    assert found.code == 0
    assert "known as" in found.out
    assert "squared" in found.out
    assert "score" in found.out
    assert "starting sandboxes" in found.err


def test_a_broken_file_gives_one_clear_line_and_the_object(
    discover: Discover, write: Write
) -> None:
    file = write(BROKEN)
    found = discover("evaluate", TEMPLATE, file, "--tier", "smoke", "--json")
    assert found.code == 2
    assert found.json.keys() >= KEYS
    assert found.json["status"] == "invalid"
    assert found.json["score"] is None
    assert found.json["error"]["class"] == "shape"
    (line,) = found.err.splitlines()
    assert line.startswith(f"discover: {file}: shape: ")


@pytest.mark.parametrize(
    ("kind", "content"),
    [("syntax", b"def loss(:\n"), ("unreadable", b"def loss(p, t):\n    return p  # \xff\n")],
)
def test_what_can_be_seen_by_reading_starts_no_sandbox(
    discover: Discover, tmp_path: Path, kind: str, content: bytes
) -> None:
    file = tmp_path / "mine.py"
    file.write_bytes(content)
    plain = discover("evaluate", TEMPLATE, file)
    assert plain.code == 2
    (line,) = plain.err.splitlines()
    assert line.startswith(f"discover: {file}: {kind}: ")
    found = discover("evaluate", TEMPLATE, file, "--json")
    assert found.json.keys() >= KEYS
    assert found.json["error"]["class"] == kind


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.py",), "there is no file nowhere.py"),
        (("mine.py", "--sandbox", "docker"), "--sandbox process"),
        (("mine.py", "--tier", "huge"), "screen"),
        (("mine.py", "--seeds", "0"), "--seeds"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_starts(
    discover: Discover, write: Write, arguments: tuple[str, ...], words: str
) -> None:
    write(PSEUDO_HUBER)
    found = discover("evaluate", TEMPLATE, *arguments)
    assert found.code == 2
    assert words in found.err
    assert found.out == ""
    assert "starting sandboxes" not in found.err


def test_one_seed_of_several_tasks_has_a_score_and_no_interval(
    discover: Discover, write: Write, tmp_path: Path
) -> None:
    template = tmp_path / "two_tasks"
    shutil.copytree(TEMPLATE, template)
    file = template / "template.toml"
    file.write_text(file.read_text().replace('role = "held_out"', 'role = "search"'))
    found = discover("evaluate", template, write(PSEUDO_HUBER), "--tier", "smoke", "--json").json
    assert len(found["per_seed"]) == 2
    assert found["score"] == pytest.approx(sum(found["by_task"].values()) / 2)
    assert found["interval"] is None
