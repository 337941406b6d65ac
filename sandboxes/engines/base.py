"""What a campaign asks of sandboxes for one template: trace, inspect, evaluate.

An engine owns a pool of warm trusted workers, replaces what hangs or dies, and decides who is
charged: the candidate for what repeats on a second worker, nobody for what does not. What comes
before the workers depends on the template's boundary; see `open_engine`.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from sandboxes.contract import Inspection, ProcessHandle, Program, Role, Sandbox
from sandboxes.engines.starting import boot
from sandboxes.protocol import Message, ProtocolError
from templates.errors import CandidateError, DiscoveryError, InfrastructureError
from templates.registry import Template

__all__ = ["Engine", "EvaluatorBugError", "Fault", "Measurement", "Slot", "UntrustedText"]

GRACE_S = 10.0
_MESSAGE_LENGTH = 1000


class Measurement(BaseModel):
    """One seed's result as an evaluator sent it, schema-checked.

    ``seconds`` is the time of the seed inside the worker; ``worker`` its number in the pool.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    seed: int
    metrics: dict[str, float]
    detail: dict[str, Any]
    failed: str | None
    seconds: float
    worker: int = -1
    device: str = ""


class EvaluatorBugError(DiscoveryError):
    """Trusted code in an evaluator failed: our mistake or the template author's."""


def _printable(text: str) -> str:
    """The text as it can be stored and sent: no lone surrogates, no NUL, not too long."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:_MESSAGE_LENGTH]


UntrustedText: TypeAlias = Annotated[str, AfterValidator(_printable)]
"""Text from a sandbox; candidates decide what is in it."""


class Fault(BaseModel):
    """What a sandboxed process says went wrong."""

    model_config = ConfigDict(extra="forbid")

    kind: UntrustedText
    message: UntrustedText


@dataclass
class Slot:
    """One place in the pool; its process may be replaced."""

    number: int
    handle: ProcessHandle | None = None
    device: str = ""


class Engine(ABC):
    """Warm sandboxes for one template.

    Args:
        template: What is evaluated.
        sandbox: Where processes run.
        workers: Warm workers; default one per core on a CPU, one on a GPU.
        platform: ``cpu`` or ``cuda``.
        notify: Told in one line when a process is replaced.
    """

    def __init__(
        self,
        template: Template,
        sandbox: Sandbox,
        *,
        workers: int | None = None,
        platform: str = "cpu",
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.template = template
        self.sandbox = sandbox
        self.platform = platform
        self.population = template.spec.population[platform]
        self.workers = workers or (1 if platform == "cuda" else len(os.sched_getaffinity(0)))
        self.notify = notify
        self._slots = [Slot(number) for number in range(self.workers)]
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        self._closed = False
        self._guard = threading.Lock()
        self._running: list[ProcessHandle] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def device(self) -> str:
        """What the evaluators run on, as JAX names it."""
        return self._slots[0].device

    @property
    def seeds_per_job(self) -> int:
        """How many seeds one call should carry: one on a CPU, a population's worth on a GPU."""
        return max(1, self.population // self.template.spec.population["cpu"])

    def start(self) -> None:
        """Start everything side by side and wait until it is warm.

        Raises:
            InfrastructureError: A process did not come up.
        """
        with ThreadPoolExecutor(max_workers=self.workers + 1) as starters:
            first = self._prepare(starters)
            started = [starters.submit(self._start_worker, slot) for slot in self._slots]
        for future in (*first, *started):
            future.result()
        for slot in self._slots:
            self._free.put(slot)

    def close(self) -> None:
        """End every process, also those that are only just starting; safe to call twice."""
        with self._guard:
            self._closed = True
            running, self._running = self._running, []
        for handle in running:
            handle.kill()
        for slot in self._slots:
            slot.handle = None

    @abstractmethod
    def trace(self, code: str) -> Program:
        """Turn a candidate's code into a program.

        Raises:
            CandidateError: The code is at fault.
            InfrastructureError: The sandbox could not be reached, twice.
        """

    @abstractmethod
    def inspect(self, program: Program) -> Inspection:
        """Verify a program and describe it.

        Raises:
            CandidateError: The program is not acceptable.
            InfrastructureError: No worker could be kept alive.
        """

    @abstractmethod
    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """Score a program on some seeds of one task.

        Raises:
            CandidateError: The program crashed, hung, exhausted its sandbox or gave nothing valid.
            InfrastructureError: No worker could be kept alive.
        """

    @abstractmethod
    def _prepare(self, starters: ThreadPoolExecutor) -> Sequence[Future[None]]:
        """Do what workers need before they start; what may run beside them is submitted."""

    @abstractmethod
    def _start_worker(self, slot: Slot) -> None:
        """Start a warm worker in a place of the pool."""

    def _boot(
        self, role: Role, timeout_s: float, first: Message | None = None
    ) -> tuple[ProcessHandle, Message]:
        """Start a process that `close` knows of; one that does not come up is tried once more.

        Raises:
            InfrastructureError: It did not come up twice, or the engine was closed.
        """
        for attempt in (1, 2):
            try:
                return boot(self.sandbox, role, timeout_s, first, started=self._register)
            except InfrastructureError as error:
                if attempt == 2 or self._closed:
                    raise
                self.notify(f"{error}; tried once more")
        raise AssertionError("unreachable")

    def _register(self, handle: ProcessHandle) -> None:
        with self._guard:
            if self._closed:
                raise InfrastructureError("the sandbox was closed")
            self._running.append(handle)

    def _end(self, handle: ProcessHandle) -> None:
        """End one process."""
        handle.kill()
        with self._guard:
            self._running = [one for one in self._running if one is not handle]

    def _measurements(
        self, reply: Message, slot: Slot, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """A worker's answer to a question about these seeds, checked."""
        try:
            found = [Measurement.model_validate(entry) for entry in reply.body["results"]]
        except (ValidationError, KeyError, TypeError) as error:
            raise InfrastructureError(f"a worker sent a malformed result: {error}") from error
        if [(m.task, m.seed) for m in found] != [(task, seed) for seed in seeds]:
            raise InfrastructureError("a worker answered another question than it was asked")
        return [m.model_copy(update={"worker": slot.number, "device": slot.device}) for m in found]

    @abstractmethod
    def _known_good(self, request: Message) -> Message | None:
        """The same question about something that any worker can answer; None where there is none.

        Raises:
            CandidateError: It cannot be made.
            InfrastructureError: The sandbox could not be reached.
        """

    def _ask(self, request: Message) -> tuple[Message, Slot]:
        """Send to a free worker; a hung or dead one is replaced and the job retried once.

        What fails twice is the candidate's fault only if a program that is known to be good gets
        through in the same time, on the worker that takes the dead one's place. So a machine that
        is too busy, or a deadline that nothing can meet, is charged to nobody.
        """
        last = ""
        for attempt in (1, 2):
            found = self._send(request, f"attempt {attempt}")
            if not isinstance(found, str):
                return self._checked(found[0]), found[1]
            last = found
        self._require_a_worker_that_works(request)
        kind = "evaluation_timeout" if "within" in last else "evaluation_crash"
        raise CandidateError(
            kind, f"the compiled program {last} on two workers: it loops or needs too much memory"
        )

    def _require_a_worker_that_works(self, request: Message) -> None:
        try:
            known = self._known_good(request)
        except CandidateError as error:
            raise InfrastructureError(
                f"nothing can be evaluated, not even a known program: {error}"
            ) from error
        failed = None if known is None else self._send(known, "a known program")
        if isinstance(failed, str):
            raise InfrastructureError(
                f"a worker given a known program {failed} either: the machine is too busy, or "
                f"job_timeout_s or memory_bytes of {self.template.spec.name} is too low"
            )

    def _checked(self, reply: Message) -> Message:
        if reply.kind == "bug":
            raise EvaluatorBugError(
                f"the evaluation core of {self.template.spec.name} failed:\n"
                f"{reply.body.get('traceback')}"
            )
        if reply.kind == "candidate_error":
            fault = Fault.model_validate(dict(reply.body))
            raise CandidateError(fault.kind, fault.message)
        return reply

    def _send(self, request: Message, what: str) -> tuple[Message, Slot] | str:
        """A free worker's answer, or what became of the worker.

        It ends itself at the request's deadline; a little later we end it.
        """
        timeout_s = request.body["deadline_s"]
        slot = self._free.get()
        try:
            if slot.handle is not None and not slot.handle.alive():
                self._drop(slot, f"worker {slot.number} had died")
            if slot.handle is None:
                self._start_worker(slot)
            assert slot.handle is not None
            started = time.monotonic()
            deadline = started + timeout_s + GRACE_S
            try:
                slot.handle.channel.send(request, deadline=deadline)
                reply = slot.handle.channel.receive(deadline=deadline)
            except ProtocolError:
                hung = time.monotonic() - started >= timeout_s
                last = f"did not finish within {timeout_s:g} s" if hung else "ended"
                self._drop(slot, f"worker {slot.number} {last} ({what})")
                return last
            if reply.kind == "bug":
                self._drop(slot, f"worker {slot.number} failed on an error of its own")
            return reply, slot
        finally:
            self._free.put(slot)

    def _drop(self, slot: Slot, why: str) -> None:
        if self._closed:
            raise InfrastructureError("the sandbox was closed")
        self.notify(f"{why}; replaced")
        if slot.handle is not None:
            self._end(slot.handle)
            slot.handle = None
