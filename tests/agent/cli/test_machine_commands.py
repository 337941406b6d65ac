"""``doctor``, ``models`` and ``templates list``: what can be used here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.archive import Archive
from agent.cli.diagnosis import CHECKS, Finding
from tests.agent.cli.conftest import Discover, Home


def findings_of(check_name: str, home: Path) -> list[Finding]:
    check: Callable[[Path], Any] = next(c for c in CHECKS if c.__name__ == check_name)
    return list(check(home))


@pytest.fixture(scope="module")
def diagnosis(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole diagnosis, once: it starts sandboxes and JAX."""
    import json
    import subprocess
    import sys

    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("discover")),
            "doctor",
            "--json",
            "--home",
            str(tmp_path_factory.mktemp("doctor")),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    found["code"] = done.returncode
    return found


def test_doctor_looks_at_everything(diagnosis: dict[str, Any]) -> None:
    names = [finding["name"] for finding in diagnosis["findings"]]
    for start in ("python", "packages", "disk", "archive", "jax", "sandbox process", "model"):
        assert any(name.startswith(start) for name in names), start
    jax = next(finding for finding in diagnosis["findings"] if finding["name"] == "jax")
    assert jax["ok"]
    assert "cpu" in jax["detail"] or "cuda" in jax["detail"]


def test_doctor_says_how_to_get_what_is_missing(diagnosis: dict[str, Any]) -> None:
    missing = [finding for finding in diagnosis["findings"] if not finding["ok"]]
    assert any(finding["name"] == "sandbox docker" for finding in missing)
    assert all(finding["remedy"] for finding in missing)


def test_doctor_fails_only_for_what_is_required(diagnosis: dict[str, Any]) -> None:
    required = [finding["ok"] for finding in diagnosis["findings"] if finding["required"]]
    assert diagnosis["healthy"] == all(required)
    assert diagnosis["code"] == (0 if all(required) else 3)


def test_doctor_finds_interrupted_campaigns(home: Home) -> None:
    with Archive(home.path / "archive.db") as archive:
        archive.set_campaign_status(home.campaign, "running")
    found = findings_of("_archive", home.path)
    assert found[0].ok
    assert "1 campaigns" in found[0].detail
    assert found[1].remedy == f"discover resume {home.campaign}"


def test_doctor_finds_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"not a database, " * 200)
    (found,) = findings_of("_archive", tmp_path)
    assert not found.ok
    assert found.required


@pytest.mark.gate
def test_models(discover: Discover) -> None:
    listed = discover("models", "--json").json["models"]
    assert any(model["name"].startswith("local") for model in listed)
    found = discover("models")
    assert found.code == 0
    for model in listed:
        assert model["name"] in found.out


def test_templates(discover: Discover) -> None:
    listed = discover("templates", "list", "--json").json["templates"]
    described = next(t for t in listed if t["name"] == "preference_loss")
    assert described["error"] is None
    assert "dpo" in described["baselines"]
    assert not any(name.startswith("control_") for name in described["baselines"])
    assert described["direction"] == "maximize"
    assert "preference_loss" in discover("templates", "list").out


@pytest.mark.parametrize("command", ["build", "list", "cleanup"])
def test_sandbox_commands_say_how_to_get_an_engine(discover: Discover, command: str) -> None:
    found = discover("sandbox", command)
    assert found.code == 2
    assert "no Docker engine answers" in found.err
    assert "apt-get install docker.io" in found.err
    assert found.out == ""
