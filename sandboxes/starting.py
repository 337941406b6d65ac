"""Starting sandboxed processes, and compiling a core once for all of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from sandboxes.contract import ProcessHandle, Role, Sandbox
from sandboxes.protocol import ProtocolError
from templates.errors import InfrastructureError, UserError
from templates.registry import Template

__all__ = ["PRIVATE_PACKAGES", "WARM_UP_TIMEOUT_S", "boot", "compiled_core"]

PRIVATE_PACKAGES = ("agent", "reviewers")
WARM_UP_TIMEOUT_S = 900.0
_DONE = "complete"


def boot(sandbox: Sandbox, role: Role, timeout_s: float) -> tuple[ProcessHandle, Mapping[str, Any]]:
    """Start a process and wait for its greeting.

    Raises:
        InfrastructureError: It did not come up; the message ends with what it said.
    """
    handle = sandbox.start(role)
    try:
        hello = handle.channel.receive(deadline=time.monotonic() + timeout_s)
    except ProtocolError as error:
        said = handle.said()
        handle.kill()
        raise InfrastructureError(
            f"the {role.name} did not become ready ({error}): {said[-1500:]}"
        ) from error
    return handle, hello.body


def compiled_core(
    template: Template, sandbox: Sandbox, platform: str, notify: Callable[[str], None]
) -> Path:
    """A folder with the core's compiled code, made on first use.

    It is filled by a process that compiles the core and ends without ever meeting a program;
    evaluators see it read-only. So workers start in seconds, and nothing that a candidate does can
    reach what the next one runs.

    Raises:
        InfrastructureError: The core cannot be compiled.
        UserError: The cache folder cannot be written, or the template cannot be read in there.
    """
    _require_readable(template.path)
    folder = _cache_root() / "compiled" / _key(template, platform)
    if (folder / _DONE).exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not (folder / _DONE).exists():
                notify(f"compiling the core of {template.spec.name} once for this machine")
                _compile(template, sandbox, platform, folder)
    except OSError as error:
        raise UserError(
            f"cannot write the cache folder {folder}: {error}; set DISCOVER_CACHE to a folder "
            "with free space"
        ) from error
    return folder


def _compile(template: Template, sandbox: Sandbox, platform: str, folder: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=".compiling-", dir=folder.parent))
    inside = scratch / "cache"
    inside.mkdir()
    # The process runs as another user where we are root; nobody else can come in from outside,
    # since the folder around it is private.
    inside.chmod(0o777)
    role = Role(
        name="core compiler",
        module="sandboxes.evaluator.worker",
        read_only=(template.path,),
        hidden_packages=PRIVATE_PACKAGES,
        memory_bytes=template.spec.memory_bytes,
        processes=128,
        gpu=platform == "cuda",
        arguments={
            "template": str(template.path),
            "platform": platform,
            "compiled": str(inside.resolve()),
            "only_warm": True,
        },
        writable=(inside,),
    )
    try:
        handle, _ = boot(sandbox, role, WARM_UP_TIMEOUT_S)
        handle.kill()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(inside, folder)
        folder.chmod(0o755)
        (folder / _DONE).touch()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _require_readable(folder: Path) -> None:
    """What root runs becomes another user in its sandbox, who needs to read the template."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        wanted = 0o005 if path.is_dir() else 0o004
        if path.stat().st_mode & wanted != wanted:
            raise UserError(
                f"sandboxes run as an unprivileged user, who may not read {path}; allow it: "
                f"chmod -R a+rX {folder}"
            )


def _cache_root() -> Path:
    chosen = os.environ.get("DISCOVER_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("discovery-agent")


def _key(template: Template, platform: str) -> str:
    """What compiled code depends on: the core, the compiler and the processor."""
    text = "\0".join([template.digest, platform, version("jax"), version("jaxlib"), _processor()])
    return f"{template.spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return os.uname().machine
    wanted = ("model name", "flags", "Features")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
