"""What is here, what is missing and how to get it: the checks behind ``discover doctor``."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from templates.errors import DiscoveryError, InfrastructureError, UserError

__all__ = ["CHECKS", "Finding"]

_DISTRIBUTION = "discovery-agent"
_JAX_TIMEOUT_S = 120.0
_ENOUGH_DISK_BYTES = 4 * 2**30
_ENOUGH_MEMORY_BYTES = 6 * 2**30
_JAX_PROGRAM = """
import json, jax
print(json.dumps({
    "version": jax.__version__,
    "devices": [f"{d.platform}:{d.id} {d.device_kind}" for d in jax.devices()],
}))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis.

    Args:
        name: What was looked at.
        ok: Whether it is as it should be.
        required: Whether campaigns cannot run without it.
        detail: What was found.
        remedy: How to get it, where something is missing.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    remedy: str | None = None


def _python(home: Path) -> Iterator[Finding]:
    version = sys.version_info
    ok = (3, 11) <= version[:2] <= (3, 14)
    yield Finding(
        "python",
        ok,
        True,
        f"{version.major}.{version.minor}.{version.micro} at {sys.executable}",
        None if ok else "use Python 3.11 to 3.14",
    )


def _packages(home: Path) -> Iterator[Finding]:
    wanted: dict[str, list[str]] = {"": []}
    for requirement in metadata.requires(_DISTRIBUTION) or ():
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        marker = re.search(r"extra\s*==\s*['\"]([^'\"]+)", requirement)
        if name is not None:
            wanted.setdefault(marker[1] if marker else "", []).append(name[0])
    for extra, names in wanted.items():
        if extra == "cuda":
            continue  # the devices that JAX sees say more
        missing = [name for name in names if not _installed(name)]
        target = f"{_DISTRIBUTION}[{extra}]" if extra else _DISTRIBUTION
        yield Finding(
            f"packages of extra {extra}" if extra else "packages",
            not missing,
            not extra,
            f"missing: {', '.join(missing)}" if missing else f"all {len(names)} installed",
            f"pip install '{target}'" if missing else None,
        )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _jax(home: Path) -> Iterator[Finding]:
    # In a process of its own: the host never imports JAX, and a broken driver may hang it.
    try:
        done = subprocess.run(
            [sys.executable, "-c", _JAX_PROGRAM],
            capture_output=True,
            text=True,
            timeout=_JAX_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "jax", False, True, f"no answer in {_JAX_TIMEOUT_S:.0f} s", "set JAX_PLATFORMS=cpu"
        )
        return
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        yield Finding("jax", False, True, said[-1], "pip install 'jax>=0.10,<0.11'")
        return
    found = json.loads(done.stdout.strip().splitlines()[-1])
    yield Finding("jax", True, True, f"{found['version']} on {', '.join(found['devices'])}")


def _sandboxes(home: Path) -> Iterator[Finding]:
    from sandboxes.registry import choose_sandbox, sandbox_names

    for name in sandbox_names():
        try:
            sandbox = choose_sandbox(name)
            # Docker's guarantees are seen in a container, so its images have to be there.
            if name == "docker" and not sandbox.ready():  # type: ignore[attr-defined]
                yield Finding(
                    "sandbox docker",
                    False,
                    False,
                    "an engine answers, but the images are not built",
                    "discover sandbox build",
                )
                continue
            guarantees = sandbox.guarantees()
        except UserError as error:
            yield Finding(f"sandbox {name}", False, False, str(error), "see the message")
            continue
        except InfrastructureError as error:
            yield Finding(f"sandbox {name}", False, True, str(error), "see the message")
            continue
        for guarantee in guarantees:
            yield Finding(
                f"sandbox {name}: {guarantee.name}",
                guarantee.holds,
                False,
                guarantee.detail or ("holds" if guarantee.holds else "does not hold"),
                None
                if guarantee.holds
                else "this kernel or account does not allow it; run only models that you trust",
            )


def _models(home: Path) -> Iterator[Finding]:
    from agent.llm import available_models

    found = available_models()
    usable = any(model.usable for model in found)
    for model in found:
        if model.usable or not model.name.endswith("/MODEL"):
            yield Finding(
                f"model {model.name}",
                model.usable,
                not usable,
                model.reason,
                None if model.usable else model.how_to_get,
            )
    keyless = [model.reason for model in found if not model.usable and "/MODEL" in model.name]
    if keyless:
        yield Finding(
            "models of other providers",
            False,
            not usable,
            "; ".join(keyless),
            "only if you want one of them: set its key in the environment",
        )


def _latex(home: Path) -> Iterator[Finding]:
    from agent.papers.latex.compiling import find_engines

    engines = find_engines()
    yield Finding(
        "LaTeX",
        bool(engines),
        False,
        f"discover paper uses {engines[0].name}" if engines else "none, so no paper can be set",
        None if engines else f"pip install '{_DISTRIBUTION}[paper]'",
    )


def _machine(home: Path) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = memory >= _ENOUGH_MEMORY_BYTES
    yield Finding(
        "memory and cores",
        enough,
        False,
        f"{memory / 2**30:.1f} GiB, {cores} cores",
        None if enough else "use --workers 1 and a smaller model",
    )
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    yield Finding(
        "disk",
        free >= _ENOUGH_DISK_BYTES,
        False,
        f"{free / 2**30:.1f} GiB free at {place}",
        None if free >= _ENOUGH_DISK_BYTES else "free some space, or use another --home",
    )


def _archive(home: Path) -> Iterator[Finding]:
    file = home / "archive.db"
    if not file.exists():
        yield Finding("archive", True, True, f"none at {home} yet: discover run makes it")
        return
    from agent.archive import Archive

    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            verdict = str(connection.execute("PRAGMA quick_check").fetchone()[0])
        with Archive(file, must_exist=True) as archive:
            campaigns = archive.campaigns()
            stale = [
                record.id
                for record in campaigns
                if record.status == "running" and archive.lease_holder(record.id) is None
            ]
    except (sqlite3.Error, DiscoveryError) as error:
        yield Finding("archive", False, True, str(error), f"restore {file} from a backup")
        return
    size = f"{file.stat().st_size / 2**20:.1f} MiB"
    yield Finding(
        "archive",
        verdict == "ok",
        True,
        f"{len(campaigns)} campaigns, {size} at {file}; integrity check: {verdict}",
        None if verdict == "ok" else f"restore {file} from a backup",
    )
    for identifier in stale:
        yield Finding(
            "interrupted campaign", False, False, identifier, f"discover resume {identifier}"
        )


CHECKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    _python,
    _packages,
    _machine,
    _archive,
    _jax,
    _sandboxes,
    _models,
    _latex,
)
"""Every check, the quick ones first; each takes the home and yields findings."""
