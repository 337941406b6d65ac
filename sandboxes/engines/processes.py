"""The processes that one owner has started in a sandbox, so that closing ends every one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sandboxes.contract import ProcessHandle, Role, Sandbox
from sandboxes.engines.starting import boot
from sandboxes.protocol import Message
from templates.errors import InfrastructureError

__all__ = ["GRACE_S", "ClosedError", "Processes"]

# A process ends what it does at its own deadline; so many seconds later it is ended from outside.
GRACE_S = 10.0


class ClosedError(InfrastructureError):
    """What was asked for needs an engine that has been closed, or a view of one that has been."""

    def __init__(self) -> None:
        super().__init__("the sandbox was closed")


class Processes:
    """Starts processes and knows all that run, also those that are only just starting.

    Every method may be called from any thread.

    Args:
        sandbox: Where they run.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._guard = threading.Lock()
        self._closed = False
        self._running: list[tuple[str, ProcessHandle]] = []

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def handles(self, role: str | None = None) -> tuple[ProcessHandle, ...]:
        """Those that were started and not ended, oldest first.

        Args:
            role: Only those of roles with this name; None for all.
        """
        with self._guard:
            return tuple(handle for name, handle in self._running if role in (None, name))

    def boot(
        self,
        role: Role,
        timeout_s: float,
        notify: Callable[[str], None],
        first: Message | None = None,
    ) -> tuple[ProcessHandle, Message]:
        """Start a process and wait for its greeting; what does not come up is tried once more.

        Args:
            role: What for.
            timeout_s: How long each try may take.
            notify: Told in one line of a second try.
            first: What the process is told first.

        Raises:
            ClosedError: `close` was called, before or meanwhile.
            InfrastructureError: It did not come up twice.
        """
        for attempt in (1, 2):
            begun: list[ProcessHandle] = []

            def register(handle: ProcessHandle, begun: list[ProcessHandle] = begun) -> None:
                with self._guard:
                    if self._closed:
                        raise ClosedError
                    begun.append(handle)
                    self._running.append((role.name, handle))

            try:
                return boot(self._sandbox, role, timeout_s, first, started=register)
            except InfrastructureError as error:
                # What did not come up was ended where it was noticed.
                self._forget(*begun)
                if self._closed:
                    raise ClosedError from error
                if attempt == 2:
                    raise
                notify(f"{error}; tried once more")
        raise AssertionError("unreachable")

    def end(self, handle: ProcessHandle) -> None:
        """End one process."""
        handle.kill()
        self._forget(handle)

    def close(self) -> None:
        """End them all and start no more; safe to call twice."""
        with self._guard:
            self._closed = True
            running, self._running = self._running, []
        for _, handle in running:
            handle.kill()

    def _forget(self, *handles: ProcessHandle) -> None:
        with self._guard:
            self._running = [
                entry for entry in self._running if not any(entry[1] is one for one in handles)
            ]
