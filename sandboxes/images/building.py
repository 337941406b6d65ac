"""Builds the images that the Docker sandbox runs, and finds, lists and removes them.

An image is a base image, the role's locked packages and our code for that role. Packages are
installed on the host, where the user's own index, proxy and certificates hold, and checked against
their hashes; the build itself needs no network and runs nothing but Python's compiler. A tag is the
hash of everything that went in, so an image is built once and never stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound
from filelock import FileLock

from sandboxes.cache import cache_root
from sandboxes.images.locked import locked_for
from templates.errors import InfrastructureError, UserError

__all__ = [
    "DEFAULT_BASE",
    "LABEL",
    "NEEDED",
    "ROLES",
    "Accelerator",
    "Image",
    "build",
    "client",
    "find",
    "images",
    "lock_file",
    "pip_command",
    "remove_images",
    "usual_base",
]

Accelerator: TypeAlias = Literal["cpu", "cuda"]

# python:3.12.15-slim-bookworm for every platform: all builds start from the same.
DEFAULT_BASE = "python@sha256:54c85f3c47607a77f32adec749d3c81d1348bf25833671f512b26a9b6d778cb3"
# What a base with the C library 2.31 (Debian 11) or newer can run; pip takes them by their names.
_WHEELS = (
    *(f"manylinux_2_{minor}" for minor in range(31, 4, -1)),
    *("manylinux2014", "manylinux2010", "manylinux1"),
)
LABEL = "discovery-agent.role"
_CONTENT = "discovery-agent.content"
_ACCELERATOR = "discovery-agent.accelerator"
_BASE = "discovery-agent.base"
_PING_TIMEOUT_S = 10
_TIMEOUT_S = 600
_REPOSITORY = "discovery-agent"
_FOLDER = Path(__file__).resolve().parent
_ROOT = _FOLDER.parent.parent
# What each role's image holds of ours; none holds the archive, the proposers or a key.
_TRACER_CODE = ("sandboxes/*.py", "sandboxes/tracer/*.py")
ROLES: dict[str, tuple[str, ...]] = {
    "tracer": _TRACER_CODE,
    "evaluator": ("sandboxes/*.py", "sandboxes/evaluator/*.py", "templates/**/*"),
    "lab": ("sandboxes/*.py", "sandboxes/lab/*.py"),
}
# What campaigns run. Candidates are traced on the processor in any case, and a script gets a GPU
# where its template asks for one.
NEEDED: dict[Accelerator, tuple[tuple[str, Accelerator], ...]] = {
    "cpu": (("tracer", "cpu"), ("evaluator", "cpu"), ("lab", "cpu")),
    "cuda": (("tracer", "cpu"), ("evaluator", "cuda"), ("lab", "cpu"), ("lab", "cuda")),
}
_INSIDE = {"__init__.py", "contract.py", "descendants.py", "filtering.py", "inside.py"}
_INSIDE |= {"isolation.py", "landlock.py", "probe.py", "protocol.py"}
_LOOK = "import sys, platform; print(*sys.version_info[:2], platform.machine())"


@dataclass(frozen=True)
class Image:
    """A built image.

    ``size_bytes`` counts all its layers; images share theirs.
    """

    role: str
    tag: str
    accelerator: str
    base: str
    size_bytes: int
    created: str
    current: bool


def client() -> docker.DockerClient:
    """A client of the engine that DOCKER_HOST or the usual socket leads to.

    Raises:
        UserError: No engine answers; says how to get one.
    """
    try:
        found = docker.from_env(timeout=_PING_TIMEOUT_S)
        found.ping()
        found.api.timeout = _TIMEOUT_S
    except (DockerException, OSError) as error:
        raise UserError(
            f"no Docker engine answers ({_first_line(error)}). Install one (on Debian: apt-get "
            "install docker.io; see https://docs.docker.com/engine/install), start it and be in "
            "its group, or set DOCKER_HOST; `--sandbox process` works without one"
        ) from error
    return found


def usual_base(engine: docker.DockerClient) -> str:
    """The base image to build on where none is named.

    DISCOVER_BASE_IMAGE, else what our newest image was built on (so that a site names its own
    once), else an official Python.
    """
    named = os.environ.get("DISCOVER_BASE_IMAGE")
    built = max(images(engine), key=lambda image: image.created, default=None)
    return named or (built.base if built is not None else "") or DEFAULT_BASE


def find(engine: docker.DockerClient, role: str, accelerator: Accelerator) -> str | None:
    """The tag of the newest image that holds what this version would build; None where none."""
    wanted = f"{_CONTENT}={_content(role, accelerator)}"
    found = [image for image in engine.images.list(filters={"label": wanted}) if image.tags]
    newest = max(found, key=lambda image: image.attrs["Created"], default=None)
    return None if newest is None else str(newest.tags[0])


def build(
    engine: docker.DockerClient,
    role: str,
    *,
    accelerator: Accelerator = "cpu",
    base: str = DEFAULT_BASE,
    notify: Callable[[str], None] = lambda line: None,
) -> str:
    """Build the image of a role where it is not there yet.

    Args:
        engine: See `client`.
        role: A key of `ROLES`.
        accelerator: Which JAX goes in.
        base: Image with a Python, pulled where it is not there.
        notify: Told in one line what goes on.

    Returns:
        Its tag.

    Raises:
        UserError: The base image cannot be had or has no usable Python.
        InfrastructureError: Packages cannot be had, or the engine cannot build.
    """
    content = _content(role, accelerator)
    origin = str(_base(engine, base).id).removeprefix("sha256:")
    tag = f"{_REPOSITORY}/{role}:{accelerator}-{content[:16]}-{origin[:12]}"
    if engine.images.list(name=tag):
        return tag
    version, machine = _python_of(engine, base)
    notify(f"building {tag}")
    packages = _packages(lock_file(role, accelerator), version, machine, notify)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=packages.parent) as folder:
        # Links, for there are gigabytes of them.
        shutil.copytree(packages, Path(folder) / "packages", copy_function=_link)
        for file in _code(role):
            target = Path(folder) / "code" / file.relative_to(_ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        shutil.copy(_FOLDER / "Dockerfile", folder)
        labels = {LABEL: role, _CONTENT: content, _ACCELERATOR: accelerator, _BASE: base}
        try:
            engine.images.build(
                path=folder,
                tag=tag,
                buildargs={"BASE": base},
                labels=labels,
                network_mode="none",
                use_config_proxy=False,
                rm=True,
                forcerm=True,
            )
        except (BuildError, APIError) as error:
            raise InfrastructureError(f"cannot build {tag}: {_first_line(error)}") from error
    return tag


def images(engine: docker.DockerClient) -> list[Image]:
    """Our images that the engine has, by role and age; this version uses ``current`` ones."""
    current = {_content(role, accelerator) for role in ROLES for accelerator in ("cpu", "cuda")}
    found = [
        Image(
            image.labels[LABEL],
            tag,
            image.labels.get(_ACCELERATOR, ""),
            image.labels.get(_BASE, ""),
            image.attrs["Size"],
            image.attrs["Created"],
            image.labels.get(_CONTENT) in current,
        )
        for image in engine.images.list(filters={"label": LABEL})
        for tag in image.tags
    ]
    return sorted(found, key=lambda image: (image.role, image.created))


def remove_images(engine: docker.DockerClient, tags: list[str]) -> None:
    """Remove images; one that a container uses stays."""
    for tag in tags:
        with contextlib.suppress(APIError):
            engine.images.remove(tag)


def _content(role: str, accelerator: str) -> str:
    """Hash of everything in an image but its base."""
    joined = hashlib.sha256(accelerator.encode())
    for file in (_FOLDER / "Dockerfile", lock_file(role, accelerator), *_code(role)):
        joined.update(f"\0{file.relative_to(_ROOT)}\0".encode() + file.read_bytes())
    return joined.hexdigest()


def lock_file(role: str, accelerator: str) -> Path:
    """The file that pins the packages of a role's image, for ``cpu`` or ``cuda``."""
    with_accelerator = accelerator == "cuda" and role != "tracer"
    return _FOLDER / (f"{role}-cuda.lock" if with_accelerator else f"{role}.lock")


def _code(role: str) -> list[Path]:
    files = {file for pattern in ROLES[role] for file in _ROOT.glob(pattern)}
    return sorted(
        file
        for file in files
        if file.is_file()
        and "__pycache__" not in file.parts
        and not (file.parent.name == "sandboxes" and file.name not in _INSIDE)
    )


def _base(engine: docker.DockerClient, base: str) -> Any:
    with contextlib.suppress(ImageNotFound):
        return engine.images.get(base)
    try:
        return engine.images.pull(base)
    except APIError as error:
        raise UserError(
            f"the base image {base} is not here and cannot be pulled ({_first_line(error)}); name "
            "one that is: any image with Python 3.11 to 3.14 will do (discover sandbox build "
            "--base IMAGE)"
        ) from error


def _python_of(engine: docker.DockerClient, base: str) -> tuple[str, str]:
    """Version and machine of the base image's Python."""
    try:
        said = engine.containers.run(
            base, ["-I", "-c", _LOOK], entrypoint="python3", network_mode="none", remove=True
        )
    except DockerException as error:
        raise UserError(f"{base} has no python3 that runs: {_first_line(error)}") from error
    major, minor, machine = said.decode().split()
    if not (3, 11) <= (int(major), int(minor)) <= (3, 14):
        raise UserError(f"{base} has Python {major}.{minor}; 3.11 to 3.14 is needed")
    return f"{major}.{minor}", machine


def _packages(lock: Path, version: str, machine: str, notify: Callable[[str], None]) -> Path:
    """The locked packages for that Python, installed into a folder of the cache."""
    text = f"{version}\0{machine}\0".encode() + lock.read_bytes()
    folder = cache_root() / "images" / hashlib.sha256(text).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            notify(f"installing the packages of {lock.name}")
            _install(lock, version, machine, folder)
    return folder


def _install(lock: Path, version: str, machine: str, folder: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=".installing-", dir=folder.parent))
    wanted = unfinished.with_suffix(".txt")
    command = [*pip_command(version, machine), "--no-compile", "--require-hashes"]
    command += ["--target", str(unfinished), "--requirement", str(wanted)]
    try:
        wanted.write_text(locked_for(lock.read_text(encoding="utf-8"), version, machine))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            errors = [line for line in said if line.startswith("ERROR")] or said
            raise InfrastructureError(
                f"cannot get the packages of {lock.name}: {' '.join(errors)[-600:]}"
            )
        for folder_of_tests in _tests(unfinished):
            shutil.rmtree(folder_of_tests)
        unfinished.chmod(0o755)
        unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        wanted.unlink(missing_ok=True)


def pip_command(version: str, machine: str) -> list[str]:
    """A command of pip that takes exactly what a lock names, as that Python needs it."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--implementation", "cp", "--python-version", version]
    command += ["--only-binary", ":all:"]
    # pip holds what a package asks of Python against the one that pip runs on. The lock has held it
    # against every Python, and a wheel for another one is refused by its name all the same.
    command += ["--ignore-requires-python"]
    for kind in _WHEELS:
        command += ["--platform", f"{kind}_{machine}"]
    return command


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _tests(folder: Path) -> Iterator[Path]:
    """Test suites of packages: a good part of the weight, and never imported."""
    found = [path for path in folder.glob("*/**/tests") if path.is_dir()]
    yield from (path for path in found if not any(p in found for p in path.parents))


def _first_line(error: BaseException) -> str:
    explained = getattr(error, "explanation", None) or getattr(error, "msg", None) or error
    with contextlib.suppress(ValueError, TypeError):
        explained = json.loads(str(explained))["message"]
    return re.sub(r"\s+", " ", str(explained))[:300]
