"""A Docker engine and a base image for the tests: what the machine has, or a private one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound

from sandboxes.images.building import DEFAULT_BASE

STAND_IN = "discovery-agent-tests/python:stand-in"
_START_S = 60
# No network, since the engine makes none; ptrace works where there is no virtualisation.
_GVISOR = ["--network=none", "--platform=ptrace"]


class NoEngineError(Exception):
    """There is no engine, and none can be started; says what is missing."""


@contextlib.contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """The engine of this machine, or one of our own that ends with the block.

    Raises:
        NoEngineError: Neither can be had.
    """
    with contextlib.suppress(DockerException):
        found = docker.from_env(timeout=600)
        found.ping()
        yield found
        return
    with private_engine() as own:
        yield own


@contextlib.contextmanager
def private_engine() -> Iterator[docker.DockerClient]:
    """An engine of our own, with gVisor where `runsc` is installed; it ends with the block.

    Raises:
        NoEngineError: None can be started here.
    """
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        raise NoEngineError(
            "no Docker engine answers and none can be started here (that takes root and dockerd, "
            "on Debian: apt-get install docker.io mmdebstrap)"
        )
    with tempfile.TemporaryDirectory(prefix="discover-engine-", ignore_cleanup_errors=True) as root:
        yield from _private(Path(root))


def _private(root: Path) -> Iterator[docker.DockerClient]:
    address = f"unix://{root}/docker.sock"
    gvisor = {"path": shutil.which("runsc"), "runtimeArgs": _GVISOR}
    runtimes = {"runsc": gvisor} if gvisor["path"] else {}
    (root / "daemon.json").write_text(json.dumps({"runtimes": runtimes}))
    log = (root / "log").open("wb")
    process = subprocess.Popen(
        [
            "dockerd",
            *("--config-file", str(root / "daemon.json")),
            *("--data-root", str(root / "data"), "--exec-root", str(root / "exec")),
            *("--pidfile", str(root / "pid"), "--host", address),
            *("--iptables=false", "--ip6tables=false", "--bridge=none"),
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(DockerException):
                client = docker.DockerClient(address, timeout=600)
                client.ping()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                said = (root / "log").read_text(errors="replace")[-800:]
                raise NoEngineError(f"dockerd does not start here: {said}")
            time.sleep(0.2)
        if client.info()["Driver"] == "vfs":
            raise NoEngineError(
                "dockerd finds no file system here but vfs, which copies images as a whole"
            )
        yield client
        client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
        # Mounts of containers that were still there, should the engine have left any.
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if line.split()[1].startswith(str(root)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)


def base_image(client: docker.DockerClient) -> str:
    """A base image with Python: DISCOVER_BASE_IMAGE, the official one, or one that we make.

    Raises:
        NoEngineError: None of these can be had.
    """
    wanted = os.environ.get("DISCOVER_BASE_IMAGE", DEFAULT_BASE)
    for name in (wanted, STAND_IN):
        with contextlib.suppress(ImageNotFound):
            client.images.get(name)
            return name
    with contextlib.suppress(APIError):
        client.images.pull(wanted)
        return wanted
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise NoEngineError(
            f"{wanted} cannot be pulled, and making a stand-in takes root and mmdebstrap (on "
            "Debian: apt-get install mmdebstrap)"
        )
    _make_stand_in(client)
    return STAND_IN


def _make_stand_in(client: docker.DockerClient) -> None:
    """The smallest Debian that has a Python; needs no registry of images."""
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    suite = release.get("VERSION_CODENAME", "bookworm").strip('"')
    with tempfile.TemporaryDirectory(prefix="discover-base-") as folder:
        packed = Path(folder) / "root.tar"
        left_out = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
        done = subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--variant=minbase", "--include=python3"),
                *(f"--dpkgopt=path-exclude=/{name}/*" for name in left_out),
                *(suite, str(packed)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NoEngineError(f"mmdebstrap failed: {done.stdout[-400:]}{done.stderr[-400:]}")
        repository, _, tag = STAND_IN.partition(":")
        client.api.import_image_from_file(str(packed), repository=repository, tag=tag)
