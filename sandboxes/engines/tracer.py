"""The warm tracer, which runs the Python of one candidate after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from sandboxes.contract import ProcessHandle, Role, Sandbox
from sandboxes.engines.client import Client
from sandboxes.engines.processes import GRACE_S, ClosedError, Processes
from sandboxes.engines.starting import PRIVATE_PACKAGES
from sandboxes.protocol import Message, ProtocolError
from templates.errors import CandidateError

__all__ = ["Traced", "Tracer"]

_BOOT_S = 60.0
_MEMORY_BYTES = 4 * 2**30


class _Ended(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ended: str
    exit: int
    seconds: float


@dataclass(frozen=True)
class Traced:
    """How the candidate's own process ended, and what it wrote, which nobody has checked yet.

    Args:
        ended: ``timeout``, ``too_large``, or anything else for a process that ended by itself.
        exit: Its exit status.
        reply: The bytes that it wrote; the candidate decides what they are.
    """

    ended: str
    exit: int
    reply: bytes


class Tracer:
    """One tracer for any number of clients; what hangs or dies is replaced.

    `start` comes first and once; then every method may be called from any thread, and who asks
    waits for those before.

    Args:
        sandbox: Where it runs.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._running = Processes(sandbox)
        self._lock = threading.Lock()
        self._handle: ProcessHandle | None = None

    def start(self, notify: Callable[[str], None]) -> None:
        """Start it and wait until it is warm.

        Raises:
            InfrastructureError: It did not come up, or the tracer was closed.
        """
        role = Role(
            name="tracer",
            image="tracer",
            module="sandboxes.tracer.server",
            read_only=(),
            hidden_packages=(*PRIVATE_PACKAGES, "templates"),
            memory_bytes=2 * _MEMORY_BYTES,
            processes=128,
            gpu=False,
            arguments={"memory_bytes": _MEMORY_BYTES},
            # One candidate could leave something for the next where both can write.
            scratch_bytes=0,
            nests=True,
        )
        self._handle, _ = self._running.boot(role, _BOOT_S, notify)

    def ask(self, request: Message, timeout_s: float, client: Client) -> Traced:
        """Have one candidate traced; a tracer that breaks is replaced and asked once more.

        Args:
            request: What to trace.
            timeout_s: How long the candidate's process may take.
            client: On whose behalf; told when the tracer is replaced. Closing it ends the tracing.

        Raises:
            CandidateError: The tracer broke twice.
            InfrastructureError: It could not be started again, or was closed, or the client was.
        """
        for attempt in (1, 2):
            with self._lock:
                try:
                    return self._ask(request, timeout_s, client)
                except ProtocolError as error:
                    self._replace(client, f"{type(error).__name__}: {error}")
                    if attempt == 2:
                        raise CandidateError(
                            "trace_crash", "the code brought the tracer down, twice"
                        ) from error
        raise AssertionError("unreachable")

    def processes(self) -> tuple[ProcessHandle, ...]:
        """The tracer's process, where it runs at this moment."""
        return self._running.handles()

    def close(self) -> None:
        """End it; safe to call twice."""
        self._running.close()

    def _ask(self, request: Message, timeout_s: float, client: Client) -> Traced:
        client.require_open()
        if self._handle is None:
            self.start(client.tell)
        handle = self._handle
        assert handle is not None
        try:
            reply = client.ask(handle, request, deadline=time.monotonic() + timeout_s + GRACE_S)
        except ClosedError:
            # It was ended because it worked for this client: nobody needs to hear of it.
            if not handle.alive():
                self._empty()
            raise
        try:
            ended = _Ended.model_validate(dict(reply.body))
        except ValidationError as error:
            raise ProtocolError(f"malformed answer of the tracer: {error}") from error
        return Traced(ended.ended, ended.exit, reply.blobs.get("reply", b""))

    def _replace(self, client: Client, why: str) -> None:
        if self._running.closed:
            raise ClosedError
        client.tell(f"tracer replaced ({why})")
        self._empty()

    def _empty(self) -> None:
        if self._handle is not None:
            self._running.end(self._handle)
            self._handle = None
