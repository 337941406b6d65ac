"""Warm trusted workers that answer questions, and the rules of who is charged where none does."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from sandboxes.contract import ProcessHandle, Role, Sandbox
from sandboxes.engines.answers import Answer, EvaluatorBugError, Fault
from sandboxes.engines.client import Client
from sandboxes.engines.processes import GRACE_S, ClosedError, Processes
from sandboxes.protocol import Message, ProtocolError
from templates.errors import CandidateError, InfrastructureError

__all__ = ["LocalPool", "WorkerPool"]


class WorkerPool(Protocol):
    """Warm trusted workers of one template, any number of clients' at once.

    `start` comes first and once. From then on `ask`, `processes` and `close` may be called from any
    thread, `ask` by as many as like: who finds no free worker waits for one. After `close`, and in
    calls that it interrupts, `ask` raises ClosedError, which is an InfrastructureError. Workers
    keep nothing from one question to the next that changes an answer.
    """

    @property
    def workers(self) -> int:
        """How many questions are worked on at once."""
        ...

    @property
    def device(self) -> str:
        """What the workers run on, as JAX names it; empty before `start`."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it was started and not closed."""
        ...

    def start(self, first: Message | None, notify: Callable[[str], None]) -> None:
        """Start all workers and wait until they are warm.

        Args:
            first: What every worker is told before anything else, also one that replaces another.
            notify: Told in one line what happens meanwhile.

        Raises:
            InfrastructureError: A worker did not come up.
        """
        ...

    def ask(
        self, request: Message, client: Client, known_good: Callable[[], Message | None]
    ) -> Answer:
        """The answer of a worker; one that hangs or dies is replaced and another one asked once.

        What fails twice is the candidate's fault only if a program that is known to be good gets
        through in the same time, on the worker that takes the dead one's place. So a machine that
        is too busy, or a deadline that nothing can meet, is charged to nobody.

        Args:
            request: The question; its body's ``deadline_s`` is how many seconds it may take.
            client: On whose behalf; told when a worker is replaced. Closing it ends the question
                and the worker that works on it.
            known_good: Makes the same question about something that any worker can answer; None
                where there is none. It may raise CandidateError where that cannot be made.

        Raises:
            CandidateError: The worker says so, or two workers failed that a known program did not
                bring down: kind ``evaluation_timeout`` or ``evaluation_crash``.
            EvaluatorBugError: Trusted code in the worker failed.
            InfrastructureError: No worker could be kept alive, not even with a known program, or
                the pool or the client was closed.
        """
        ...

    def processes(self) -> tuple[ProcessHandle, ...]:
        """Those of the workers that run on this machine at this moment."""
        ...

    def close(self) -> None:
        """End every worker, also those that are only just starting; safe to call twice."""
        ...


@dataclass
class _Slot:
    """One place in the pool; its process may be replaced."""

    number: int
    handle: ProcessHandle | None = None
    device: str = ""


class LocalPool:
    """Workers in a sandbox that this process talks to; see `WorkerPool`.

    Args:
        sandbox: Where they run.
        role: What each of them may see and use.
        workers: How many.
        boot_s: How many seconds one may take until it is warm.
        template: Name of the template, for messages.
    """

    def __init__(
        self, sandbox: Sandbox, role: Role, workers: int, *, boot_s: float, template: str
    ) -> None:
        self._role = role
        self._boot_s = boot_s
        self._template = template
        self._first: Message | None = None
        self._slots = [_Slot(number) for number in range(workers)]
        self._free: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        self._running = Processes(sandbox)
        self._started = False

    @property
    def workers(self) -> int:
        """See `WorkerPool.workers`."""
        return len(self._slots)

    @property
    def device(self) -> str:
        """See `WorkerPool.device`."""
        return self._slots[0].device

    @property
    def is_open(self) -> bool:
        """See `WorkerPool.is_open`."""
        return self._started and not self._running.closed

    def start(self, first: Message | None, notify: Callable[[str], None]) -> None:
        """See `WorkerPool.start`."""
        self._first = first
        with ThreadPoolExecutor(max_workers=self.workers) as starters:
            started = [starters.submit(self._fill, slot, notify) for slot in self._slots]
        for future in started:
            future.result()
        self._started = True
        for slot in self._slots:
            self._free.put(slot)

    def processes(self) -> tuple[ProcessHandle, ...]:
        """See `WorkerPool.processes`."""
        return self._running.handles()

    def close(self) -> None:
        """See `WorkerPool.close`."""
        self._running.close()

    def ask(
        self, request: Message, client: Client, known_good: Callable[[], Message | None]
    ) -> Answer:
        """See `WorkerPool.ask`."""
        last = ""
        for attempt in (1, 2):
            found = self._send(request, client, f"attempt {attempt}")
            if isinstance(found, Answer):
                return self._checked(found)
            last = found
        self._require_a_worker_that_works(client, known_good)
        kind = "evaluation_timeout" if "within" in last else "evaluation_crash"
        raise CandidateError(
            kind, f"the compiled program {last} on two workers: it loops or needs too much memory"
        )

    def _require_a_worker_that_works(
        self, client: Client, known_good: Callable[[], Message | None]
    ) -> None:
        try:
            known = known_good()
        except CandidateError as error:
            raise InfrastructureError(
                f"nothing can be evaluated, not even a known program: {error}"
            ) from error
        failed = None if known is None else self._send(known, client, "a known program")
        if isinstance(failed, str):
            raise InfrastructureError(
                f"a worker given a known program {failed} either: the machine is too busy, or "
                f"job_timeout_s or memory_bytes of {self._template} is too low"
            )

    def _checked(self, answer: Answer) -> Answer:
        reply = answer.message
        if reply.kind == "bug":
            raise EvaluatorBugError(
                f"the evaluation core of {self._template} failed:\n{reply.body.get('traceback')}"
            )
        if reply.kind == "candidate_error":
            fault = Fault.model_validate(dict(reply.body))
            raise CandidateError(fault.kind, fault.message)
        return answer

    def _send(self, request: Message, client: Client, what: str) -> Answer | str:
        """A free worker's answer, or what became of the worker.

        It ends itself at the request's deadline; a little later we end it.
        """
        timeout_s = request.body["deadline_s"]
        slot = self._free.get()
        try:
            client.require_open()
            if slot.handle is not None and not slot.handle.alive():
                self._drop(slot, client, f"worker {slot.number} had died")
            if slot.handle is None:
                self._fill(slot, client.tell)
            handle = slot.handle
            assert handle is not None
            started = time.monotonic()
            try:
                reply = client.ask(handle, request, deadline=started + timeout_s + GRACE_S)
            except ClosedError:
                # It was ended because it worked for this client: nobody needs to hear of it.
                if not handle.alive():
                    self._empty(slot)
                raise
            except ProtocolError:
                hung = time.monotonic() - started >= timeout_s
                last = f"did not finish within {timeout_s:g} s" if hung else "ended"
                self._drop(slot, client, f"worker {slot.number} {last} ({what})")
                return last
            if reply.kind == "bug":
                self._drop(slot, client, f"worker {slot.number} failed on an error of its own")
            return Answer(reply, slot.number, slot.device)
        finally:
            self._free.put(slot)

    def _fill(self, slot: _Slot, notify: Callable[[str], None]) -> None:
        """Start a warm worker in a place of the pool."""
        slot.handle, hello = self._running.boot(self._role, self._boot_s, notify, self._first)
        slot.device = str(hello.body.get("device", ""))

    def _drop(self, slot: _Slot, client: Client, why: str) -> None:
        if self._running.closed:
            raise ClosedError
        client.tell(f"{why}; replaced")
        self._empty(slot)

    def _empty(self, slot: _Slot) -> None:
        if slot.handle is not None:
            self._running.end(slot.handle)
            slot.handle = None
