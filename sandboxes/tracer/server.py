"""Fork server: JAX is imported once, every candidate gets fresh forks that die after its trace.

The server itself holds no byte of a candidate, not even of its code: memory that it once filled
would still be there in the forks of all later candidates, free for them to search. A request is
received by a fork, the keeper, which forks the candidate, passes bounded bytes of what that says on
to the host, which treats all of it as untrusted, and is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from typing import Any

import jax
import jax.numpy as jnp
from jax import export  # noqa: F401 - imported here so that no fork has to

from sandboxes.descendants import adopt_orphans, end_descendants
from sandboxes.isolation import PR_SET_PDEATHSIG, prctl
from sandboxes.protocol import Channel, Message, PeerClosedError, encode
from sandboxes.tracer.cage import fork_caged
from sandboxes.tracer.trace import TraceFailedError, trace

_MAX_REPLY_BYTES = 24 * 2**20
_HOST_GONE = 3


def _warm_up() -> None:
    """Import and fill what every trace needs, short of lowering.

    Lowering starts a backend and thread pools, and a fork would inherit their locks but not their
    threads: each candidate's process does that part for itself.
    """

    def loss(x: jax.Array, y: jax.Array) -> jax.Array:
        ratio = jax.nn.softplus(x) + jax.nn.relu(y) * jax.nn.sigmoid(x) - jnp.mean(x)
        return jnp.where(x > y, ratio, jnp.clip(jnp.exp(-x), 0.0, 1.0))

    specs = [jax.ShapeDtypeStruct((2, 4), "float32")] * 2
    batched = jax.vmap(loss)
    jax.make_jaxpr(batched)(*specs)
    jax.make_jaxpr(lambda x, y, ct: jax.vjp(batched, x, y)[1](ct))(*specs, specs[0])


def _answer(request: Message) -> Message:
    body = request.body
    try:
        modules = trace(body["code"], body["functions"], body["population"], body["platform"])
        return Message("program", {}, modules)
    except TraceFailedError as error:
        return Message("candidate_error", {"kind": error.kind, "message": error.message})
    except MemoryError:
        return Message(
            "candidate_error", {"kind": "memory", "message": "tracing needed too much memory"}
        )


def _candidate(request: Message, write_fd: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    # The only way out is this pipe; the server's own channel is closed here.
    os.dup2(write_fd, 3)
    os.closerange(4, 512)
    data = memoryview(encode(_answer(request)))
    while data:
        data = data[os.write(3, data) :]


def _collect(read_fd: int, deadline: float) -> tuple[bytes, str]:
    """All that the fork wrote, and why it ended: ``closed``, ``timeout`` or ``too_large``."""
    data = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([read_fd], [], [], left)[0]:
            return bytes(data), "timeout"
        part = os.read(read_fd, 2**20)
        if not part:
            return bytes(data), "closed"
        data += part
        if len(data) > _MAX_REPLY_BYTES:
            return b"", "too_large"


def _end(pid: int, *, alone: bool) -> int:
    """Kill a candidate and all that it started; returns the wait status of the process we forked.

    Where our PID namespace is our own, everything in it but its process 1 and the caller can be
    killed at once, whatever a candidate did to hide; without one this process, the keeper, is the
    parent of every orphan and looks for them.
    """
    for target in (-1 if alone else -pid, pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(target, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not alone and not end_descendants():
        # They fork faster than we kill: the host takes the whole tree down.
        os._exit(1)
    return status


def _serve_one(channel: Channel, limits: dict[str, Any], *, alone: bool) -> None:
    request = channel.receive()
    started = time.monotonic()
    read_fd, write_fd = os.pipe()
    pid = fork_caged(
        lambda: _candidate(request, write_fd),
        memory_bytes=limits["memory_bytes"],
        cpu_s=int(request.body["timeout_s"]) + 2,
    )
    os.close(write_fd)
    reply, ended = _collect(read_fd, started + request.body["timeout_s"])
    os.close(read_fd)
    status = _end(pid, alone=alone)
    channel.send(
        Message(
            "traced",
            {
                "ended": ended,
                "exit": os.waitstatus_to_exitcode(status),
                "seconds": time.monotonic() - started,
            },
            {"reply": reply},
        )
    )


def main() -> None:
    """Serve trace requests until the host hangs up."""
    limits = json.loads(sys.argv[1])
    channel = Channel(int(sys.argv[2]), int(sys.argv[3]))
    # The only signal that Python handles, and so the only one that reaches process 1 from inside.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _warm_up()
    channel.send(Message("ready", {"jax": jax.__version__}))
    alone = os.getpid() == 1
    while True:
        channel.wait()
        started = time.monotonic()
        status = _keep(channel, limits, alone=alone)
        if status == _HOST_GONE:
            return
        if status != 0:
            # The candidate brought its keeper down, which had not answered yet: before a keeper
            # does, it kills all that could reach it.
            body = {"ended": "closed", "exit": status, "seconds": time.monotonic() - started}
            channel.send(Message("traced", body, {"reply": b""}))


def _keep(channel: Channel, limits: dict[str, Any], *, alone: bool) -> int:
    """Serve one request in a fork; 0 where that went well, else how the fork ended."""
    keeper = os.fork()
    if keeper == 0:
        status = 1
        try:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if not alone:
                adopt_orphans()
            _serve_one(channel, limits, alone=alone)
            status = 0
        except PeerClosedError:
            status = _HOST_GONE
        finally:
            os._exit(status)
    # Stopped is as good as dead: where a candidate shares our PID namespace it may do either.
    _, status = os.waitpid(keeper, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(keeper, signal.SIGKILL)
        _, status = os.waitpid(keeper, 0)
    if alone:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main()
