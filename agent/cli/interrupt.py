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

    Args:
        request_stop: Called once, with the reason, from within the signal handler.
        exit_code: With which the second interrupt ends the process.
        announce: Whether to write to standard error that the campaign is being saved; off where a
            live view says it.
    """

    def __init__(
        self, request_stop: Callable[[str], None], *, exit_code: int, announce: bool
    ) -> None:
        self.received = False
        self._request_stop = request_stop
        self._exit_code = exit_code
        self._announce = announce
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
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)
            os.write(2, b"\ndiscover: quit at once; nothing in the archive is lost\n")
            os._exit(self._exit_code)
        self.received = True
        if self._announce:
            os.write(2, f"\ndiscover: {SAVING}\n".encode())
        self._request_stop("interrupted by " + signal.Signals(number).name)
