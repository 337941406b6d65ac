"""The engine of the ``function`` boundary: a warm tracer, then warm evaluators.

A candidate's Python is only ever run by the tracer; evaluators see its program.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandboxes.contract import Inspection, ProcessHandle, Program, Role
from sandboxes.engines.base import GRACE_S, Engine, Fault, Measurement, Slot
from sandboxes.engines.hints import reduction_hint
from sandboxes.engines.screen import screen
from sandboxes.engines.starting import (
    PRIVATE_PACKAGES,
    WARM_UP_TIMEOUT_S,
    compiled_core,
    evaluator_role,
)
from sandboxes.protocol import Message, ProtocolError, decode_frame
from templates.contract import Considered, Language
from templates.errors import CandidateError, InfrastructureError

__all__ = ["Advanced", "FunctionEngine"]

TRACE_TIMEOUT_S = 20.0
_TRACE_MEMORY_BYTES = 4 * 2**30
# What the candidate's own process may call its failure; it might make up others.
_TRACE_FAULTS = frozenset(
    "dtype export import import_time_error memory missing_function shape signature syntax "
    "trace".split()
)


# What befalls a worker, whatever it was asked.
_WORKER_FAULTS = frozenset({"evaluation_timeout", "evaluation_crash", "memory", "run_time_error"})


class _Traced(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ended: str
    exit: int
    seconds: float


class _Inspected(BaseModel):
    model_config = ConfigDict(extra="forbid")

    digest: str
    fingerprint: str | None
    flags: list[str]
    closed_form: str | None
    operations: int
    curves: dict[str, Any]


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    status: str
    accepted: bool
    reason: str
    thought: str


class _Considered(BaseModel):
    model_config = ConfigDict(extra="forbid")

    choice: dict[str, Any]
    verdicts: list[_Verdict]


class _Language(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: dict[str, Any] = Field(alias="schema")
    words: dict[str, Any]
    max_tokens: int


@dataclass(frozen=True)
class Advanced:
    """An agent that was trained further, as a worker sent it; the bytes are kept, never run."""

    measurement: Measurement
    checkpoint: bytes
    episodes: bytes | None


class FunctionEngine(Engine):
    """Owns one warm tracer beside the pool; see `Engine`."""

    _tracer: ProcessHandle | None = None
    _compiled = b""
    _known: Program | None = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._tracer_lock = threading.Lock()
        self._known_lock = threading.Lock()

    def close(self) -> None:
        """See `Engine.close`."""
        super().close()
        self._tracer = None

    def _prepare(self, starters: ThreadPoolExecutor) -> Sequence[Future[None]]:
        tracer = starters.submit(self._start_tracer)
        self._compiled = compiled_core(self.template, self.sandbox, self.platform, self.notify)
        return [tracer]

    def trace(self, code: str) -> Program:
        """See `Engine.trace`."""
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
                except CandidateError as error:
                    if error.kind != "shape":
                        raise
                    hint = reduction_hint(code, self.template.spec.functions)
                    message = f"{error.message}; {hint}" if hint else error.message
                    raise CandidateError("shape", message) from error
                except ProtocolError as error:
                    self._replace_tracer(f"{type(error).__name__}: {error}")
                    if attempt == 2:
                        raise CandidateError(
                            "trace_crash", "the code brought the tracer down, twice"
                        ) from error
        raise AssertionError("unreachable")

    def inspect(self, program: Program) -> Inspection:
        """See `Engine.inspect`."""
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
        """See `Engine.evaluate`."""
        timeout_s = self.template.spec.job_timeout_s * max(1, len(seeds))
        body = {**self._head(program), "deadline_s": timeout_s}
        body |= {"effort": effort, "task": task, "seeds": list(seeds)}
        reply, slot = self._ask(Message("evaluate", body, program.modules))
        return self._measurements(reply, slot, task, seeds)

    def advance(
        self,
        choice: Mapping[str, Any],
        checkpoint: bytes | None,
        *,
        task: str,
        seed: int,
        parts: int,
    ) -> Advanced:
        """Train an agent further; see `templates.contract.CurriculumCore.advance`.

        Raises:
            CandidateError: kind ``choice``: it is none.
            InfrastructureError: No worker could be kept alive: a choice cannot be at fault.
        """
        body: dict[str, Any] = {"choice": choice, "task": task, "seed": seed}
        body |= {"parts": parts, "deadline_s": self.template.spec.job_timeout_s}
        blobs = {} if checkpoint is None else {"checkpoint": checkpoint}
        try:
            reply, slot = self._ask(Message("advance", body, blobs))
        except CandidateError as error:
            if error.kind == "choice":
                raise
            raise InfrastructureError(f"an agent could not be trained further: {error}") from error
        (measured,) = self._measurements(reply, slot, task, [seed])
        if "checkpoint" not in reply.blobs:
            raise InfrastructureError("a worker sent no checkpoint")
        return Advanced(measured, reply.blobs["checkpoint"], reply.blobs.get("episodes"))

    def language(self, count: int) -> Language:
        """How new tasks are written; see `templates.contract.InventingCore.language`."""
        body = {"count": count, "deadline_s": self.template.spec.job_timeout_s}
        reply, _ = self._ask(Message("language", body))
        try:
            found = _Language.model_validate(dict(reply.body))
        except ValidationError as error:
            raise InfrastructureError(f"an evaluator sent a malformed language: {error}") from error
        return Language(found.answer, found.words, found.max_tokens)

    def consider(
        self, answer: str, choice: Mapping[str, Any], *, task: str, learned: Sequence[str]
    ) -> Considered:
        """What becomes of proposed tasks; see `templates.contract.InventingCore.consider`.

        Raises:
            CandidateError: The answer as a whole is none.
            InfrastructureError: No worker could be kept alive: what is tried is bounded.
        """
        body: dict[str, Any] = {"answer": answer, "choice": choice, "task": task}
        body |= {"learned": list(learned), "deadline_s": self.template.spec.job_timeout_s}
        try:
            reply, _ = self._ask(Message("consider", body))
        except CandidateError as error:
            if error.kind in (*_WORKER_FAULTS, "choice"):
                raise InfrastructureError(f"tasks could not be tried: {error}") from error
            raise
        try:
            found = _Considered.model_validate(dict(reply.body))
        except ValidationError as error:
            raise InfrastructureError(f"an evaluator sent malformed verdicts: {error}") from error
        return Considered(found.choice, [verdict.model_dump() for verdict in found.verdicts])

    def _known_good(self, request: Message) -> Message | None:
        """The template's first baseline, which scores by itself without any fault."""
        if request.kind in ("advance", "language", "consider"):
            return None
        with self._known_lock:
            if self._known is None:
                for baseline in self.template.baselines:
                    if not baseline.is_control:
                        self._known = self.trace(baseline.code)
                        break
            known = self._known
        return None if known is None else Message(request.kind, request.body, known.modules)

    def _head(self, program: Program) -> dict[str, Any]:
        return {"platform": program.platform, "population": program.population}

    def _trace_once(self, request: Message) -> Program:
        if self._tracer is None:
            self._start_tracer()
        assert self._tracer is not None
        deadline = time.monotonic() + TRACE_TIMEOUT_S + GRACE_S
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
            if not set(answer.blobs) <= self._module_names():
                raise CandidateError("no_answer", "the code's process sent modules of other names")
            return Program(self.platform, self.population, dict(answer.blobs))
        try:
            fault = Fault.model_validate(dict(answer.body))
        except ValidationError as error:
            raise CandidateError("no_answer", "the code's process sent garbage") from error
        kind = fault.kind if fault.kind in _TRACE_FAULTS else "trace"
        raise CandidateError(kind, fault.message[:1000])

    def _module_names(self) -> set[str]:
        names = [function.name for function in self.template.spec.functions]
        return {f"{name}.{kind}" for name in names for kind in ("value", "vjp")}

    def _replace_tracer(self, why: str) -> None:
        if self._closed:
            raise InfrastructureError("the sandbox was closed")
        self.notify(f"tracer replaced ({why})")
        if self._tracer is not None:
            self._end(self._tracer)
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
            nests=True,
        )
        self._tracer, _ = self._boot(role, 60.0)

    def _start_worker(self, slot: Slot) -> None:
        role = evaluator_role(self.template, self.platform)
        warm = Message("warm", {}, {"compiled": self._compiled})
        slot.handle, hello = self._boot(role, WARM_UP_TIMEOUT_S, warm)
        slot.device = str(hello.body.get("device", ""))
