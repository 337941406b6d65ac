"""On every Python that is here, the wheel goes beside current packages, and what it does works.

Where pyproject.toml allows several versions of a package, `requirements.lock` names one of them;
here it is the newest, and on each Python another.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.source import ROOT

pytestmark = [pytest.mark.full("pythons"), pytest.mark.timeout(1800)]

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
# What users are likely to have already, each in its newest version.
CURRENT = ("anthropic", "litellm", "openai")
EXTRAS = "local,brax,evolution,paper,craftax"
LOSS = """\
import jax


def loss(policy_chosen_logps, policy_rejected_logps,
         reference_chosen_logps, reference_rejected_logps, beta):
    margin = (policy_chosen_logps - policy_rejected_logps
              - reference_chosen_logps + reference_rejected_logps)
    return jax.nn.softplus(-beta * margin)
"""


def interpreter(version: str) -> Path | None:
    """A Python of that version, of the system's or pyenv's; one on PATH may be a mere signpost."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    found = [] if on_path is None else [Path(on_path)]
    for python in [*sorted(pyenv.glob(f"{version}.*/bin/python{version}")), *found]:
        says = [str(python), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(says, capture_output=True, text=True, check=False)
        if said.returncode == 0 and said.stdout.strip() == version:
            return python
    return None


def call(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command prints; what it says is shown where it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-6000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


def uv(*arguments: str | Path) -> str:
    """What uv prints: it installs in seconds what takes pip minutes, and so does `make lock`."""
    return call(sys.executable, "-m", "uv", *arguments)


@dataclass(frozen=True)
class Environment:
    """An environment of one Python."""

    python: Path

    def install(self, *what: str | Path) -> None:
        uv("pip", "install", "--quiet", "--python", self.python, *what)

    def versions(self) -> dict[str, str]:
        listed = uv("pip", "list", "--python", self.python, "--format", "json")
        return {package["name"]: package["version"] for package in json.loads(listed)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", dist)
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(params=VERSIONS)
def environment(request: pytest.FixtureRequest) -> Iterator[Environment]:
    """Empty but for pip. It lies deeper, for a sandbox's users may not enter a temporary folder."""
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"not here: Python {request.param}")
    (ROOT / ".pytest_cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="python-", dir=ROOT / ".pytest_cache") as folder:
        home = Path(folder) / "environment"
        uv("venv", "--quiet", "--seed", "--python", python, home)
        yield Environment(home / "bin" / "python")


def test_the_wheel_works_beside_current_packages(
    environment: Environment, wheel: Path, tmp_path: Path
) -> None:
    python = environment.python
    environment.install(*CURRENT, "jax")
    before = environment.versions()
    # pip, as users have it: it is to leave what is there alone.
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    call(*pip, "install", "--quiet", f"discovery-agent[{EXTRAS}] @ {wheel.as_uri()}")
    call(*pip, "check")
    after = environment.versions()
    assert {name: after[name] for name in CURRENT} == {name: before[name] for name in CURRENT}

    environment.install("--group", f"{ROOT / 'pyproject.toml'}:dev")
    tests = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    closing = call(*tests, "--level", "unit").strip().splitlines()[-1]
    assert int(re.findall(r"(\d+) passed", closing)[0]) > 100, closing
    private = "tests/sandboxes/test_jax_private.py"
    call(*tests, private)

    file = tmp_path / "logistic.py"
    file.write_text(LOSS)
    discover = (python.parent / "discover", "evaluate", "preference_loss", file)
    scored = json.loads(call(*discover, "--tier", "smoke", "--json", cwd=tmp_path))
    assert (scored["status"], scored["known_as"]) == ("valid", "dpo")

    # The newest JAX that this project allows, where another package still asks for an older one.
    (allowed,) = re.findall(r'"(jax>=[^"]+)"', (ROOT / "pyproject.toml").read_text())
    environment.install("--no-deps", "--upgrade", allowed, allowed.replace("jax", "jaxlib"))
    call(*tests, private)
    call(*discover, "--tier", "smoke", "--json", cwd=tmp_path)
