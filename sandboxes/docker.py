"""The Docker sandbox: every role is a container without network, privileges or a way to write.

The protocol runs over the container's standard input and output, so nothing of the host is mounted
but a template's own folder, read-only, where the template did not come with the image.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.types import DeviceRequest, Mount, Ulimit

from sandboxes.contract import Guarantee, Role
from sandboxes.environment import environment
from sandboxes.filtering import profile
from sandboxes.images.building import Accelerator, build, client, find, usual_base
from sandboxes.isolation import SCRATCH_FILES
from sandboxes.probing import probe
from sandboxes.protocol import Channel
from templates.errors import InfrastructureError, UserError

__all__ = ["OWNER_LABEL", "Container", "DockerSandbox", "gpu_request", "leftovers"]

OWNER_LABEL = "discovery-agent.owner"
_PACKAGE_ROOT = Path(__file__).resolve().parent.parent
_APP = Path("/app")
# What the driver of an accelerator needs beyond what a program on the processor does; sockets are
# only those of this machine (AF_UNIX), and there is no network to speak over.
_GPU_CALLS = (
    "bind connect getsockname memfd_create recvfrom recvmsg sched_setaffinity sendmsg sendto"
).split()
_LOCAL_SOCKETS = {"index": 0, "value": int(socket.AF_UNIX), "op": "SCMP_CMP_EQ"}
_EVERY_GPU = "nvidia.com/gpu=all"
# Another runtime may be a kernel of its own, whose threads count as well: gVisor's has some 50, and
# up to five of them for every process inside.
_RUNTIME_TASKS = 64
_TASKS_OF_A_PROCESS = 5
_FRAME = struct.Struct(">BxxxI")
_STDOUT = 1
_KEPT_ERRORS = 4000


class Container:
    """A running container and the channel to it."""

    def __init__(self, container: Any, attached: Any) -> None:
        self._container = container
        # Kept until the end: let go of earlier, its connection would be used for other requests.
        self._attached = attached
        self._stream = stream = socket.socket(fileno=os.dup(attached.fileno()))
        self._said = bytearray()
        read_fd, self._write_fd = os.pipe()
        # Channel and pump share the stream: one writes to it, the other reads.
        self.channel = Channel(read_fd, os.dup(stream.fileno()))
        self._pump = threading.Thread(target=self._forward, name="container", daemon=True)
        self._pump.start()

    @property
    def id(self) -> str:
        """The container's id."""
        return str(self._container.id)

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._pump.is_alive()

    def kill(self) -> None:
        """Remove the container and everything in it."""
        try:
            self._container.remove(force=True, v=True)
        except NotFound:
            pass
        except (APIError, OSError) as error:
            if "already in progress" not in str(error):
                raise InfrastructureError(
                    f"cannot remove the container {self.id[:12]}: {error}"
                ) from error
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        self._pump.join(timeout=5)
        self._stream.close()
        self._attached.close()

    def said(self) -> str:
        """The end of what the process wrote to its standard error."""
        self._pump.join(timeout=1)
        return self._said.decode(errors="replace").strip()

    def memory_bytes(self) -> int | None:
        """Memory of the container without what the kernel would give back at once."""
        try:
            found = self._container.client.api.stats(self.id, stream=False, one_shot=True)
            used = found["memory_stats"]
            detail = used["stats"]
            idle = detail.get("total_inactive_file", detail.get("inactive_file", 0))
            return int(used["usage"]) - int(idle)
        except (APIError, KeyError):
            return None

    def processes(self) -> int:
        """How many processes the container has."""
        return len(self._container.top()["Processes"])

    def _forward(self) -> None:
        """Take Docker's frames apart: output goes to the channel, errors are kept for people."""
        waiting = bytearray()
        poll = select.poll()
        poll.register(self._stream, select.POLLIN)
        with contextlib.suppress(OSError, ValueError):
            while True:
                poll.poll()
                with contextlib.suppress(BlockingIOError):
                    data = self._stream.recv(2**18)
                    if not data:
                        break
                    waiting += data
                    self._unpack(waiting)
        os.close(self._write_fd)

    def _unpack(self, waiting: bytearray) -> None:
        while len(waiting) >= _FRAME.size:
            kind, length = _FRAME.unpack_from(waiting)
            if len(waiting) < _FRAME.size + length:
                return
            part = memoryview(bytes(waiting[_FRAME.size : _FRAME.size + length]))
            del waiting[: _FRAME.size + length]
            if kind != _STDOUT:
                self._said = (self._said + part)[-_KEPT_ERRORS:]
                continue
            while part:
                part = part[os.write(self._write_fd, part) :]


class DockerSandbox:
    """Runs roles as containers.

    Args:
        base: Base image of images that have to be built; default DISCOVER_BASE_IMAGE, or else an
            official Python.
        runtime: Name of an OCI runtime that the engine knows, for example ``runsc`` (gVisor);
            default DISCOVER_DOCKER_RUNTIME, or else the engine's own.
        notify: Told in one line when something takes long.
        engine: Client of the engine to use; default the one that DOCKER_HOST leads to.

    Raises:
        UserError: No engine answers, or it does not know the runtime.
    """

    name = "docker"

    def __init__(
        self,
        base: str | None = None,
        runtime: str | None = None,
        notify: Callable[[str], None] = lambda line: None,
        engine: docker.DockerClient | None = None,
    ) -> None:
        self.engine = engine or client()
        self._base = base or usual_base(self.engine)
        self._runtime = runtime or os.environ.get("DISCOVER_DOCKER_RUNTIME") or None
        self._notify = notify
        self._lock = threading.Lock()
        self._images: dict[str, str] = {}
        known = self.engine.info().get("Runtimes", {})
        if self._runtime is not None and self._runtime not in known:
            raise UserError(
                f"the Docker engine has no runtime {self._runtime!r}; it knows "
                f"{', '.join(sorted(known))}"
            )
        for container in leftovers(self.engine):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)

    def ready(self) -> bool:
        """Whether the images are built that a campaign needs, be it on a GPU or without one."""
        evaluators = (find(self.engine, "evaluator", one) for one in ("cpu", "cuda"))
        return find(self.engine, "tracer", "cpu") is not None and any(evaluators)

    def platforms(self) -> tuple[str, ...]:
        """``cuda`` where the engine hands GPUs to containers and the image for them is built.

        Asks the engine, which need not be on this machine; nothing is needed here for it.
        """
        if gpu_request(self.engine) is None:
            return ("cpu",)
        if find(self.engine, "evaluator", "cuda") is None:
            self._notify(
                "the engine has a GPU, which is not used: its image is not built (discover "
                "sandbox build --accelerator cuda)"
            )
            return ("cpu",)
        return ("cuda", "cpu")

    def start(self, role: Role) -> Container:
        """Start a container of that role; its image is built where there is none.

        Raises:
            InfrastructureError: It did not come up.
            UserError: The image cannot be built here.
        """
        image = self.image(role)
        try:
            container = self.engine.containers.create(image, **self.settings(role))
        except (DockerException, OSError) as error:
            raise InfrastructureError(f"cannot make a container ({role.name}): {error}") from error
        try:
            attached = self.engine.api.attach_socket(
                str(container.id), params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            container.start()
        except (DockerException, OSError) as error:
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)
            raise InfrastructureError(f"cannot start a container ({role.name}): {error}") from error
        return Container(container, attached)

    def guarantees(self) -> tuple[Guarantee, ...]:
        """What holds in a container, seen by starting one and looking."""
        return probe(self)

    def leftovers(self) -> int:
        """Containers of ours that the engine has, whoever started them."""
        return len(leftovers(self.engine, everything=True))

    def _tasks(self, processes: int) -> int:
        if self._runtime is None:
            return processes
        return _RUNTIME_TASKS + _TASKS_OF_A_PROCESS * processes

    def image(self, role: Role) -> str:
        """Tag of the role's image, which is built where there is none.

        Raises:
            UserError: It cannot be built here.
        """
        accelerator: Accelerator = "cuda" if role.gpu else "cpu"
        with self._lock:
            key = f"{role.image}-{accelerator}"
            if key not in self._images:
                self._images[key] = find(self.engine, role.image, accelerator) or build(
                    self.engine,
                    role.image,
                    accelerator=accelerator,
                    base=self._base,
                    notify=self._notify,
                )
            return self._images[key]

    def settings(self, role: Role) -> dict[str, Any]:
        """How a container of that role is made: keywords of ``create`` of Docker's client."""
        mounts = [
            Mount(str(_inside(path)), str(path.resolve()), type="bind", read_only=True)
            for path in map(Path, role.read_only)
            if not _shipped(path)
        ]
        arguments = {
            name: str(_inside(value)) if isinstance(value, Path) else value
            for name, value in role.arguments.items()
        }
        spec = {
            "module": role.module,
            "arguments": arguments,
            "environment": environment(role),
            "address_space_bytes": 0,
        }
        filtered = profile()
        if role.gpu:
            filtered["syscalls"] += [
                {"names": _GPU_CALLS, "action": "SCMP_ACT_ALLOW"},
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [_LOCAL_SOCKETS]},
            ]
        return {
            "command": [json.dumps(spec)],
            "stdin_open": True,
            "network_mode": "none",
            "ipc_mode": "none",
            "hostname": "sandbox",
            "read_only": True,
            "tmpfs": {"/scratch": _scratch(role)} if role.scratch_bytes else {},
            "mounts": mounts,
            "mem_limit": role.memory_bytes,
            "memswap_limit": role.memory_bytes,
            "pids_limit": self._tasks(role.processes),
            "nano_cpus": int(role.cpus * 1e9),
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true", f"seccomp={json.dumps(filtered)}"],
            "user": "65534:65534",
            "ulimits": [Ulimit(name="core", soft=0, hard=0)],
            "log_config": {"type": "none"},
            "labels": {OWNER_LABEL: _owner()},
            # Else the user's proxies, often with a password, would be in the environment.
            "use_config_proxy": False,
            "runtime": self._runtime,
            "device_requests": _gpu_requests(self.engine) if role.gpu else None,
        }


def leftovers(engine: docker.DockerClient, *, everything: bool = False) -> list[Any]:
    """Containers of ours whose owner is gone; all of ours where ``everything`` is set."""
    found = []
    for container in engine.containers.list(
        all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
    ):
        host, pid, began = container.labels[OWNER_LABEL].split("/")
        here = host == socket.gethostname()
        if everything or (here and _began(int(pid)) != began):
            found.append(container)
    return found


def gpu_request(engine: docker.DockerClient) -> DeviceRequest | None:
    """How to ask an engine for its GPUs, from what it says of itself; None where it has none."""
    info = engine.info()
    if "nvidia" in (info.get("Runtimes") or {}):
        # Without the last two the driver's libraries for computing would stay outside.
        return DeviceRequest(count=-1, capabilities=[["gpu", "compute", "utility"]])
    named = [one.get("ID", "") for one in info.get("DiscoveredDevices") or ()]
    if _EVERY_GPU in named:
        return DeviceRequest(driver="cdi", device_ids=[_EVERY_GPU])
    return None


def _gpu_requests(engine: docker.DockerClient) -> list[DeviceRequest]:
    request = gpu_request(engine)
    if request is None:
        raise UserError(
            "the Docker engine has no GPU to give: install the NVIDIA Container Toolkit and run "
            "nvidia-ctk runtime configure --runtime=docker, then restart the engine"
        )
    return [request]


def _scratch(role: Role) -> str:
    size = f"size={role.scratch_bytes},nr_inodes={SCRATCH_FILES}"
    return f"rw,nosuid,nodev,noexec,{size},mode=1777"


def _owner() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{_began(os.getpid())}"


def _began(pid: int) -> str | None:
    """When a process began, in the kernel's ticks: ids are given out again, moments are not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _shipped(path: Path) -> bool:
    return path.resolve().is_relative_to(_PACKAGE_ROOT / "templates")


def _inside(path: Path) -> Path:
    """What a container calls a folder of the host that it may see."""
    if _shipped(path):
        return _APP / path.resolve().relative_to(_PACKAGE_ROOT)
    return Path("/given") / path.name
