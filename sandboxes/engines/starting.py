"""Starting sandboxed processes, and compiling a core once for all of them."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from sandboxes.cache import cache_root
from sandboxes.contract import ProcessHandle, Role, Sandbox
from sandboxes.protocol import Message, ProtocolError
from templates.errors import InfrastructureError, UserError
from templates.registry import Template

__all__ = ["PRIVATE_PACKAGES", "WARM_UP_TIMEOUT_S", "boot", "compiled_core", "evaluator_role"]

PRIVATE_PACKAGES = ("agent", "reviewers")
WARM_UP_TIMEOUT_S = 900.0
# How a worker makes and finds compiled code; another text where that changes.
_MADE = "2: entries are found from any folder"


def boot(
    sandbox: Sandbox,
    role: Role,
    timeout_s: float,
    first: Message | None = None,
    *,
    started: Callable[[ProcessHandle], None] = lambda handle: None,
) -> tuple[ProcessHandle, Message]:
    """Start a process, tell it what it needs first, and wait for its greeting.

    Args:
        sandbox: Where.
        role: What for.
        timeout_s: How long all of it may take.
        first: What it is told first.
        started: Told of the process before anything is said to it.

    Raises:
        InfrastructureError: It did not come up; the message ends with what it said.
    """
    deadline = time.monotonic() + timeout_s
    handle = sandbox.start(role)
    try:
        started(handle)
        if first is not None:
            handle.channel.send(first, deadline=deadline)
        hello = handle.channel.receive(deadline=deadline)
    except ProtocolError as error:
        said = handle.said()
        handle.kill()
        raise InfrastructureError(
            f"the {role.name} did not become ready ({error}): {said[-1500:]}"
        ) from error
    except BaseException:
        handle.kill()
        raise
    return handle, hello


def compiled_core(
    template: Template, sandbox: Sandbox, platform: str, notify: Callable[[str], None]
) -> bytes:
    """The core's compiled code as an archive, made on first use.

    It comes from a process that compiles the core and ends without ever meeting a program, and
    every evaluator starts from its own copy. So workers start in seconds, and nothing that a
    candidate does can reach what the next one runs.

    Raises:
        InfrastructureError: The core cannot be compiled.
        UserError: The cache folder cannot be written, or the template cannot be read in there.
    """
    _require_readable(template.path)
    file = cache_root() / "compiled" / f"{_key(template, platform)}.zip"
    try:
        if file.exists():
            return file.read_bytes()
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            if not file.exists():
                notify(f"compiling the core of {template.spec.name} once for this machine")
                unfinished = file.with_suffix(".unfinished")
                unfinished.write_bytes(_compile(template, sandbox, platform))
                unfinished.replace(file)
            return file.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot use the cache file {file}: {error}; set DISCOVER_CACHE to a folder with "
            "free space"
        ) from error


def evaluator_role(
    template: Template, platform: str, module: str = "sandboxes.evaluator.worker"
) -> Role:
    """What a trusted worker of a template may see and use."""
    return Role(
        name="evaluator",
        image="evaluator",
        module=module,
        read_only=(template.path,),
        hidden_packages=PRIVATE_PACKAGES,
        memory_bytes=template.spec.memory_bytes,
        processes=128,
        gpu=platform == "cuda",
        arguments={
            "template": template.path,
            "settings": dict(template.spec.chosen),
            "platform": platform,
        },
    )


def _compile(template: Template, sandbox: Sandbox, platform: str) -> bytes:
    role = dataclasses.replace(evaluator_role(template, platform), name="core compiler")
    handle, hello = boot(sandbox, role, WARM_UP_TIMEOUT_S, Message("compile"))
    handle.kill()
    return hello.blobs["compiled"]


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


def _key(template: Template, platform: str) -> str:
    """What compiled code depends on: the core, the compiler and the processor."""
    parts = [_MADE, template.digest, platform, version("jax"), version("jaxlib"), _processor()]
    text = "\0".join(parts)
    return f"{template.spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return os.uname().machine
    wanted = ("model name", "flags", "Features")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
