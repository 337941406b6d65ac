"""Whoever asks an engine: one campaign, one command, one test.

Clients share an engine's processes. What belongs to one of them alone is here: whom to tell about
its processes, and which of them work for it at this moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sandboxes.contract import ProcessHandle
from sandboxes.engines.processes import ClosedError
from sandboxes.protocol import Message

__all__ = ["Client"]


class Client:
    """One who asks; its methods may be called from any thread.

    Args:
        notify: Told in one line when a process that worked for it is replaced.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._guard = threading.Lock()
        self._closed = False
        self._asked: list[ProcessHandle] = []

    def tell(self, line: str) -> None:
        """Tell the client something in one line; after `close` nobody is told any more."""
        if not self._closed:
            self._notify(line)

    def require_open(self) -> None:
        """Raise ClosedError once the client was closed."""
        if self._closed:
            raise ClosedError

    def ask(self, handle: ProcessHandle, request: Message, *, deadline: float) -> Message:
        """Ask a process that nobody else is asking; the process works for this client meanwhile.

        Args:
            handle: The process.
            request: What to ask.
            deadline: Until when, in `time.monotonic` seconds.

        Raises:
            ProtocolError: It gave no valid answer in time; see `sandboxes.protocol.Channel`.
            ClosedError: The client was closed: before, and the process was asked nothing, or
                meanwhile, and the process has been ended.
        """
        with self._guard:
            self.require_open()
            self._asked.append(handle)
        try:
            handle.channel.send(request, deadline=deadline)
            return handle.channel.receive(deadline=deadline)
        finally:
            # Waits while `close` ends the process, so that nobody gets it who is not to blame.
            with self._guard:
                self._asked = [one for one in self._asked if one is not handle]
                self.require_open()

    def close(self) -> None:
        """Ask no more; what works for this client is ended. Safe to call twice."""
        with self._guard:
            self._closed = True
            for handle in self._asked:
                handle.kill()
