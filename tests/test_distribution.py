"""The wheel, built from the source distribution and installed elsewhere, works there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from platformdirs import user_cache_path

pytestmark = pytest.mark.full("distribution")

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "templates", "sandboxes", "reviewers")


@dataclass(frozen=True)
class Installed:
    """A wheel in an environment of its own, and a folder that is no checkout to run it in."""

    wheel: Path
    sdist: Path
    bin: Path
    elsewhere: Path

    def run(self, *command: str | Path, expect: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.elsewhere),
            "DISCOVER_HOME": str(self.elsewhere / "discoveries"),
            # Compiled cores are kept by content: what this machine has need not be made again.
            "DISCOVER_CACHE": os.environ.get(
                "DISCOVER_CACHE", str(user_cache_path("discovery-agent"))
            ),
        }
        ran = subprocess.run(
            [str(part) for part in command],
            cwd=self.elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == expect, ran.stdout + ran.stderr
        return ran


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Builds sdist and wheel, and installs the wheel into an environment of its own.

    Its dependencies are this environment's files, linked and not copied, less this checkout; so
    it lies beside the checkout, where links work, and is removed in the end.
    """
    dist = tmp_path_factory.mktemp("dist")
    call([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist)])
    (wheel,) = dist.glob("*.whl")
    (sdist,) = dist.glob("*.tar.gz")
    (ROOT / ".pytest_cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wheel-", dir=ROOT / ".pytest_cache") as folder:
        # One deeper: a temporary folder is closed to the users that the sandbox turns into.
        home = Path(folder) / "environment"
        venv.create(home, with_pip=False, symlinks=True)
        (site,) = home.glob("lib/python*/site-packages")
        shutil.copytree(
            sysconfig.get_path("purelib"),
            site,
            copy_function=os.link,
            ignore=shutil.ignore_patterns("discovery_agent*", "_*discovery_agent*"),
            dirs_exist_ok=True,
        )
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        python = str(home / "bin" / "python")
        call([*pip, "--python", python, "install", "--no-deps", "--no-index", str(wheel)])
        yield Installed(wheel, sdist, home / "bin", tmp_path_factory.mktemp("elsewhere"))


def call(command: list[str]) -> None:
    """Run a command in the checkout; its output is shown where it fails."""
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def shipped() -> set[str]:
    """Every file of the four packages that git does not ignore."""
    if not (ROOT / ".git").exists():
        files = (file for package in PACKAGES for file in (ROOT / package).rglob("*"))
        return {
            file.relative_to(ROOT).as_posix()
            for file in files
            if file.is_file() and file.suffix != ".pyc"
        }
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = (os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
    return {name for name in names if (ROOT / name).is_file()}


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("LICENSE")]
    assert names == shipped()
    assert any(name.endswith(".jinja") for name in names)
    assert any(name.endswith("template.toml") for name in names)
    assert licences


def test_the_source_distribution_leaves_campaigns_out(installed: Installed) -> None:
    with tarfile.open(installed.sdist) as archive:
        inside = {"/".join(name.split("/")[1:]) for name in archive.getnames()}
    assert {"LICENSE", "README.md", "requirements.lock", "Makefile"} <= inside
    campaigns = {name for name in inside if name.startswith("discoveries/")}
    assert all(
        name.startswith("discoveries/showcase") or name == "discoveries/README.md"
        for name in campaigns
    )


def test_the_packages_are_those_of_the_wheel(installed: Installed) -> None:
    program = "import agent, templates, sandboxes, reviewers; print(agent.__file__)"
    ran = installed.run(installed.bin / "python", "-c", program)
    assert ran.stdout.startswith(str(installed.bin.parent))


def test_the_command_runs_outside_the_checkout(installed: Installed) -> None:
    help_text = installed.run("discover", "--help").stdout
    for command in ("run", "resume", "evaluate", "report", "templates", "doctor"):
        assert command in help_text
    listed = json.loads(installed.run("discover", "templates", "list", "--json").stdout)
    assert "preference_loss" in json.dumps(listed)


def test_the_installed_wheel_scores_a_file(installed: Installed) -> None:
    file = installed.elsewhere / "logistic.py"
    file.write_text(
        "import jax\n\n\n"
        "def loss(policy_chosen_logps, policy_rejected_logps,\n"
        "         reference_chosen_logps, reference_rejected_logps, beta):\n"
        "    margin = (policy_chosen_logps - policy_rejected_logps\n"
        "              - reference_chosen_logps + reference_rejected_logps)\n"
        "    return jax.nn.softplus(-beta * margin)\n"
    )
    ran = installed.run(
        "discover", "evaluate", "preference_loss", file, "--tier", "smoke", "--json"
    )
    scored = json.loads(ran.stdout)
    assert scored["status"] == "valid"
    assert scored["known_as"] == "dpo"
