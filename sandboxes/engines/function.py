"""The engine of the ``function`` boundary: a warm tracer, then warm evaluators.

A candidate's Python is only ever run by the tracer; evaluators see its program.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandboxes.contract import Inspection, ProcessHandle, Program
from sandboxes.engines.answers import Fault, Measurement, measurements
from sandboxes.engines.base import Engine
from sandboxes.engines.hints import reduction_hint
from sandboxes.engines.screen import screen
from sandboxes.engines.starting import compiled_core
from sandboxes.engines.tracer import Traced, Tracer
from sandboxes.protocol import Message, ProtocolError, decode_frame
from templates.contract import Considered, Language
from templates.errors import CandidateError, InfrastructureError

__all__ = ["Advanced", "FunctionEngine"]

TRACE_TIMEOUT_S = 20.0
# What the candidate's own process may call its failure; it might make up others.
_TRACE_FAULTS = frozenset(
    "dtype export import import_time_error memory missing_function shape signature syntax "
    "trace".split()
)


# What befalls a worker, whatever it was asked.
_WORKER_FAULTS = frozenset({"evaluation_timeout", "evaluation_crash", "memory", "run_time_error"})


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


class _KnownProgram:
    """The template's first baseline, traced once for all clients."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: Program | None = None

    def get(self, engine: Engine) -> Program | None:
        """The program; None where the template has no baseline."""
        with self._lock:
            if self._program is None:
                for baseline in engine.template.baselines:
                    if not baseline.is_control:
                        self._program = engine.trace(baseline.code)
                        break
            return self._program


class FunctionEngine(Engine):
    """Asks a warm tracer for programs, and the pool what they are worth; see `Engine`.

    Args:
        *arguments: See `Engine`.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._tracer = Tracer(self.sandbox)
        self._known = _KnownProgram()

    def processes(self, role: str | None = None) -> tuple[ProcessHandle, ...]:
        """See `Engine.processes`."""
        evaluators = self._pool.processes() if role in (None, "evaluator") else ()
        tracers = self._tracer.processes() if role in (None, "tracer") else ()
        return (*evaluators, *tracers)

    def prewarm(self) -> bool:
        """See `Engine.prewarm`."""
        return self._known.get(self) is not None

    def _start_processes(self) -> None:
        notify = self._client.tell
        with ThreadPoolExecutor(max_workers=1) as beside:
            tracer = beside.submit(self._tracer.start, notify)
            compiled = compiled_core(self.template, self.sandbox, self.platform, notify)
            self._pool.start(Message("warm", {}, {"compiled": compiled}), notify)
        tracer.result()

    def _close_processes(self) -> None:
        try:
            self._pool.close()
        finally:
            self._tracer.close()

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
        traced = self._tracer.ask(request, TRACE_TIMEOUT_S, self._client)
        try:
            return self._program(traced)
        except CandidateError as error:
            if error.kind != "shape":
                raise
            hint = reduction_hint(code, self.template.spec.functions)
            message = f"{error.message}; {hint}" if hint else error.message
            raise CandidateError("shape", message) from error

    def inspect(self, program: Program) -> Inspection:
        """See `Engine.inspect`."""
        timeout_s = self.template.spec.job_timeout_s
        body = {**self._head(program), "deadline_s": timeout_s}
        reply = self._ask(Message("inspect", body, program.modules)).message
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
        answer = self._ask(Message("evaluate", body, program.modules))
        return measurements(answer, task, seeds)

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
        given = {} if checkpoint is None else {"checkpoint": checkpoint}
        try:
            answer = self._ask(Message("advance", body, given))
        except CandidateError as error:
            if error.kind == "choice":
                raise
            raise InfrastructureError(f"an agent could not be trained further: {error}") from error
        (measured,) = measurements(answer, task, [seed])
        blobs = answer.message.blobs
        if "checkpoint" not in blobs:
            raise InfrastructureError("a worker sent no checkpoint")
        return Advanced(measured, blobs["checkpoint"], blobs.get("episodes"))

    def language(self, count: int) -> Language:
        """How new tasks are written; see `templates.contract.InventingCore.language`."""
        body = {"count": count, "deadline_s": self.template.spec.job_timeout_s}
        reply = self._ask(Message("language", body)).message
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
            reply = self._ask(Message("consider", body)).message
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
        known = self._known.get(self)
        return None if known is None else Message(request.kind, request.body, known.modules)

    def _head(self, program: Program) -> dict[str, Any]:
        return {"platform": program.platform, "population": program.population}

    def _program(self, traced: Traced) -> Program:
        """What the candidate's process wrote: nothing in it is believed before it is checked."""
        if traced.ended == "timeout":
            raise CandidateError(
                "trace_timeout",
                f"importing and tracing the code took longer than {TRACE_TIMEOUT_S:.0f} s: no "
                "loops over array elements, no waiting",
            )
        if traced.ended == "too_large":
            raise CandidateError("too_large", "the traced program is too large: simplify it")
        try:
            answer = decode_frame(traced.reply)
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
