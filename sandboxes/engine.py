"""What a campaign asks of sandboxes for one template: trace, inspect, evaluate.

Owns one warm tracer and a pool of warm evaluators, replaces what hangs or dies, and decides who is
charged: the candidate for what repeats on a second worker, nobody for what does not.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from sandboxes.contract import Inspection, ProcessHandle, Program, Role, Sandbox
from sandboxes.protocol import Message, ProtocolError, decode_frame
from sandboxes.screen import screen
from sandboxes.starting import (
    PRIVATE_PACKAGES,
    WARM_UP_TIMEOUT_S,
    boot,
    compiled_core,
    evaluator_role,
)
from templates.errors import CandidateError, DiscoveryError, InfrastructureError
from templates.registry import Template

__all__ = ["Engine", "EvaluatorBugError", "Measurement"]

TRACE_TIMEOUT_S = 20.0
_GRACE_S = 10.0
_TRACE_MEMORY_BYTES = 4 * 2**30
# What the candidate's own process may call its failure; it might make up others.
_TRACE_FAULTS = frozenset(
    "syntax import import_time_error missing_function signature shape dtype trace export memory".split()
)


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


class _Traced(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ended: str
    exit: int
    seconds: float


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str
    message: str


class _Inspected(BaseModel):
    model_config = ConfigDict(extra="forbid")

    digest: str
    fingerprint: str | None
    flags: list[str]
    closed_form: str | None
    operations: int
    curves: dict[str, Any]


@dataclass
class _Slot:
    """One place in the pool; its process may be replaced."""

    number: int
    handle: ProcessHandle | None = None
    device: str = ""


class Engine:
    """Warm tracer and evaluators for one template.

    Args:
        template: What is evaluated.
        sandbox: Where processes run.
        workers: Evaluators; default one per core on a CPU, one on a GPU.
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
        self._tracer: ProcessHandle | None = None
        self._tracer_lock = threading.Lock()
        self._slots = [_Slot(number) for number in range(self.workers)]
        self._free: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        self._closed = False
        self._compiled = b""

    def __enter__(self) -> Self:
        self.start()
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

    def start(self) -> None:
        """Start tracer and evaluators side by side and wait until they are warm.

        Raises:
            InfrastructureError: One of them did not come up.
        """
        with ThreadPoolExecutor(max_workers=self.workers + 1) as starters:
            tracer = starters.submit(self._start_tracer)
            self._compiled = compiled_core(self.template, self.sandbox, self.platform, self.notify)
            started = [starters.submit(self._start_evaluator, slot) for slot in self._slots]
        for future in (tracer, *started):
            error = future.exception()
            if error is not None:
                self.close()
                raise error
        for slot in self._slots:
            self._free.put(slot)

    def close(self) -> None:
        """End every process; safe to call twice and while requests are under way."""
        self._closed = True
        for handle in [self._tracer, *(slot.handle for slot in self._slots)]:
            if handle is not None:
                handle.kill()
        self._tracer = None
        for slot in self._slots:
            slot.handle = None

    def trace(self, code: str) -> Program:
        """Turn a candidate's code into a program.

        Raises:
            CandidateError: The code is at fault.
            InfrastructureError: The tracer could not be reached, twice.
        """
        screen(code, self.template.spec.functions)
        request = Message(
            "trace",
            {
                "code": code,
                "functions": [f.model_dump(mode="json") for f in self.template.spec.functions],
                "population": self.population,
                "platform": self.platform,
                "timeout_s": TRACE_TIMEOUT_S,
            },
        )
        for attempt in (1, 2):
            with self._tracer_lock:
                try:
                    return self._trace_once(request)
                except ProtocolError as error:
                    self._replace_tracer(f"{type(error).__name__}: {error}")
                    if attempt == 2:
                        raise CandidateError(
                            "trace_crash", "the code brought the tracer down, twice"
                        ) from error
        raise AssertionError("unreachable")

    def inspect(self, program: Program) -> Inspection:
        """Verify a program and describe it.

        Raises:
            CandidateError: The program is not acceptable.
            InfrastructureError: No evaluator could be kept alive.
        """
        timeout_s = self.template.spec.job_timeout_s
        body = {**self._head(program), "deadline_s": timeout_s}
        reply, _ = self._ask(Message("inspect", body, program.modules))
        try:
            seen = _Inspected.model_validate(dict(reply.body))
        except ValidationError as error:
            raise InfrastructureError(
                f"an evaluator sent a malformed inspection: {error}"
            ) from error
        return Inspection(**{**seen.model_dump(), "flags": tuple(seen.flags)})

    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """Score a program on some seeds of one task, on one worker.

        Raises:
            CandidateError: The program crashed, hung or exhausted two workers.
            InfrastructureError: No evaluator could be kept alive.
        """
        timeout_s = self.template.spec.job_timeout_s * max(1, len(seeds))
        body = {**self._head(program), "deadline_s": timeout_s}
        body |= {"effort": effort, "task": task, "seeds": list(seeds)}
        reply, slot = self._ask(Message("evaluate", body, program.modules))
        try:
            found = [Measurement.model_validate(entry) for entry in reply.body["results"]]
        except (ValidationError, KeyError, TypeError) as error:
            raise InfrastructureError(f"an evaluator sent a malformed result: {error}") from error
        if [(m.task, m.seed) for m in found] != [(task, seed) for seed in seeds]:
            raise InfrastructureError("an evaluator answered another question than it was asked")
        return [m.model_copy(update={"worker": slot.number, "device": slot.device}) for m in found]

    @property
    def seeds_per_job(self) -> int:
        """How many seeds one call should carry: one on a CPU, a population's worth on a GPU."""
        return max(1, self.population // self.template.spec.population["cpu"])

    def _head(self, program: Program) -> dict[str, Any]:
        return {"platform": program.platform, "population": program.population}

    def _trace_once(self, request: Message) -> Program:
        if self._tracer is None:
            self._start_tracer()
        assert self._tracer is not None
        deadline = time.monotonic() + TRACE_TIMEOUT_S + _GRACE_S
        self._tracer.channel.send(request, deadline=deadline)
        reply = self._tracer.channel.receive(deadline=deadline)
        try:
            traced = _Traced.model_validate(dict(reply.body))
        except ValidationError as error:
            raise ProtocolError(f"malformed answer of the tracer: {error}") from error
        if traced.ended == "timeout":
            raise CandidateError(
                "trace_timeout",
                f"importing and tracing the code took longer than {TRACE_TIMEOUT_S:.0f} s: no "
                "loops over array elements, no waiting",
            )
        if traced.ended == "too_large":
            raise CandidateError("too_large", "the traced program is too large: simplify it")
        return self._program(reply.blobs.get("reply", b""), traced)

    def _program(self, frame: bytes, traced: _Traced) -> Program:
        """What the candidate's process wrote: nothing in it is believed before it is checked."""
        try:
            answer = decode_frame(frame)
        except ProtocolError as error:
            raise CandidateError(
                "no_answer",
                f"the code's process ended (status {traced.exit}) without a valid program: it may "
                "have run out of memory or called exit",
            ) from error
        if answer.kind == "program":
            return Program(self.platform, self.population, dict(answer.blobs))
        try:
            fault = _Fault.model_validate(dict(answer.body))
        except ValidationError as error:
            raise CandidateError("no_answer", "the code's process sent garbage") from error
        kind = fault.kind if fault.kind in _TRACE_FAULTS else "trace"
        raise CandidateError(kind, fault.message[:1000])

    def _ask(self, request: Message) -> tuple[Message, _Slot]:
        """Send to a free worker; a hung or dead one is replaced and the job retried once.

        A worker ends itself at the request's deadline; a little later we end it.
        """
        timeout_s = request.body["deadline_s"]
        last = ""
        for attempt in (1, 2):
            slot = self._free.get()
            try:
                if slot.handle is not None and not slot.handle.alive():
                    self._drop(slot, f"evaluator {slot.number} had died")
                if slot.handle is None:
                    self._start_evaluator(slot)
                assert slot.handle is not None
                started = time.monotonic()
                deadline = started + timeout_s + _GRACE_S
                try:
                    slot.handle.channel.send(request, deadline=deadline)
                    reply = slot.handle.channel.receive(deadline=deadline)
                except ProtocolError:
                    hung = time.monotonic() - started >= timeout_s
                    last = f"did not finish within {timeout_s:.0f} s" if hung else "ended"
                    self._drop(slot, f"evaluator {slot.number} {last} (attempt {attempt})")
                    continue
                if reply.kind == "bug":
                    self._drop(slot, f"evaluator {slot.number} failed on an error of its own")
            finally:
                self._free.put(slot)
            if reply.kind == "bug":
                raise EvaluatorBugError(
                    f"the evaluation core of {self.template.spec.name} failed:\n"
                    f"{reply.body.get('traceback')}"
                )
            if reply.kind == "candidate_error":
                fault = _Fault.model_validate(dict(reply.body))
                raise CandidateError(fault.kind, fault.message)
            return reply, slot
        kind = "evaluation_timeout" if "within" in last else "evaluation_crash"
        raise CandidateError(
            kind, f"the compiled program {last} on two workers: it loops or needs too much memory"
        )

    def _drop(self, slot: _Slot, why: str) -> None:
        if self._closed:
            raise InfrastructureError("the sandbox was closed")
        self.notify(f"{why}; replaced")
        if slot.handle is not None:
            slot.handle.kill()
            slot.handle = None

    def _replace_tracer(self, why: str) -> None:
        if self._closed:
            raise InfrastructureError("the sandbox was closed")
        self.notify(f"tracer replaced ({why})")
        if self._tracer is not None:
            self._tracer.kill()
            self._tracer = None

    def _start_tracer(self) -> None:
        role = Role(
            name="tracer",
            image="tracer",
            module="sandboxes.tracer.server",
            read_only=(),
            hidden_packages=(*PRIVATE_PACKAGES, "templates"),
            memory_bytes=2 * _TRACE_MEMORY_BYTES,
            processes=128,
            gpu=False,
            arguments={"memory_bytes": _TRACE_MEMORY_BYTES},
            # One candidate could leave something for the next where both can write.
            scratch_bytes=0,
        )
        self._tracer, _ = boot(self.sandbox, role, 60.0)

    def _start_evaluator(self, slot: _Slot) -> None:
        role = evaluator_role(self.template, self.platform)
        warm = Message("warm", {}, {"compiled": self._compiled})
        slot.handle, hello = boot(self.sandbox, role, WARM_UP_TIMEOUT_S, warm)
        slot.device = str(hello.body.get("device", ""))
