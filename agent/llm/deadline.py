"""A hard bound on a blocking call that cannot be interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["DeadlineExceededError", "call_with_deadline"]

T = TypeVar("T")


class DeadlineExceededError(Exception):
    """The call did not return in time; its thread was abandoned."""


class _Outcome(Generic[T]):
    def __init__(self) -> None:
        self.finished = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None


def call_with_deadline(function: Callable[[], T], timeout_s: float) -> T:
    """Call ``function`` in a thread of its own and wait for ``timeout_s`` at most.

    A socket timeout bounds each read, not the call: a server that sends one byte a second never
    trips it. The abandoned thread is a daemon, so it holds up neither the caller nor the exit.

    Raises:
        DeadlineExceededError: The time is over.
        Exception: Whatever ``function`` raised.
    """
    outcome: _Outcome[T] = _Outcome()

    def run() -> None:
        try:
            outcome.value = function()
        except BaseException as error:  # noqa: BLE001  Carried over to the caller, all of it.
            outcome.error = error
        finally:
            outcome.finished.set()

    threading.Thread(target=run, name="deadline", daemon=True).start()
    if not outcome.finished.wait(timeout_s):
        raise DeadlineExceededError(f"over {timeout_s:g} s")
    if outcome.error is not None:
        raise outcome.error
    return outcome.value  # type: ignore[return-value]  # Set whenever no error was.
