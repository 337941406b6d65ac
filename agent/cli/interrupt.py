"""Ctrl-C and SIGTERM: the first saves and stops, the second quits at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

__all__ = ["SAVING", "Interruption"]

SAVING = "saving, press again to quit at once"
_SHOW_CURSOR = b"\x1b[?25h"


class Interruption:
    """While entered, an interrupt asks the campaign to stop instead of killing it.

    ``received`` tells whether one came. A live view that says so itself sets
    ``is_shown_elsewhere``, lest two write over each other.

    Args:
        request_stop: Called once, with the reason, from within the signal handler.
        exit_code: With which the second interrupt ends the process.
    """

    def __init__(self, request_stop: Callable[[str], None], *, exit_code: int) -> None:
        self.received = False
        self.is_shown_elsewhere = False
        self._request_stop = request_stop
        self._exit_code = exit_code
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # Written straight to the descriptor: a handler may interrupt a print of the main thread.
        if self.received:
            for descriptor in (1, 2):
                if os.isatty(descriptor):
                    os.write(descriptor, _SHOW_CURSOR)
            os.write(2, b"\ndiscover: quit at once; nothing in the archive is lost\n")
            os._exit(self._exit_code)
        self.received = True
        if not self.is_shown_elsewhere:
            os.write(2, f"\ndiscover: {SAVING}\n".encode())
        self._request_stop("interrupted by " + signal.Signals(number).name)
