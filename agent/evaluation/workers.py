"""Threads that run blocking jobs and never keep a process from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["DaemonPool"]

T = TypeVar("T")


class DaemonPool:
    """A thread pool whose threads are daemons.

    The standard executor joins its threads when the interpreter ends, so one blocked call (a model
    that takes a minute) would hold up Ctrl-C for as long. Everything that these threads do is
    committed step by step, so they may be abandoned at any time.

    Args:
        size: Number of threads.
        name: Prefix of the threads' names.
    """

    def __init__(self, size: int, name: str) -> None:
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Queue a job; first in, first out."""
        future: Future[T] = Future()
        self._queue.put((future, job))
        return future

    def close(self) -> None:
        """Let the threads end after what is queued; does not wait."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (entry := self._queue.get()) is not None:
            future, job = entry
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
                future.set_exception(error)
