"""The engine of the ``program`` boundary: a lab for the script, a judge for what it returns.

A script runs in a sandbox that is made for it and thrown away after one call. The score comes from
a warm judge in another sandbox, which sees arrays and never the script.
"""

from __future__ import annotations

import ast
import hashlib
import io
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from sandboxes.contract import Inspection, Program, Role
from sandboxes.engines.base import GRACE_S, Engine, Measurement, Slot, UntrustedText
from sandboxes.engines.screen import parse
from sandboxes.engines.starting import PRIVATE_PACKAGES, evaluator_role
from sandboxes.protocol import Message, ProtocolError
from templates.contract import Script
from templates.errors import CandidateError, InfrastructureError

__all__ = ["ScriptEngine"]

_START_TIMEOUT_S = 60.0
_JUDGE_TIMEOUT_S = 60.0
_CODE = "code"
_MAX_CHARACTERS = 50_000
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class _Ran(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ended: str
    exit: int
    said: UntrustedText


class ScriptEngine(Engine):
    """Makes a lab per call beside the pool of judges; see `Engine`."""

    def trace(self, code: str) -> Program:
        """See `Engine.trace`: parsed, not run, so that only what is no Python at all fails here."""
        if len(code) > _MAX_CHARACTERS:
            raise CandidateError(
                "too_large", f"the code has {len(code)} characters, at most {_MAX_CHARACTERS} fit"
            )
        tree = parse(code)
        _digest(tree)
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if self._script.entry not in names:
            raise CandidateError(
                "missing_function", f"the code defines no function named `{self._script.entry}`"
            )
        return Program(self.platform, self.population, {_CODE: code.encode()})

    def inspect(self, program: Program) -> Inspection:
        """See `Engine.inspect`: the digest leaves comments, docstrings and layout out."""
        tree = parse(program.modules[_CODE].decode())
        operations = sum(isinstance(node, ast.stmt) for node in ast.walk(tree))
        return Inspection(_digest(tree), None, (), None, operations)

    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """See `Engine.evaluate`."""
        return [self._evaluate(program, task, seed) for seed in seeds]

    def _evaluate(self, program: Program, task: str, seed: int) -> Measurement:
        seconds, outputs = self._run(program, task, seed)
        body = {"task": task, "seed": seed, "seconds": seconds, "deadline_s": _JUDGE_TIMEOUT_S}
        reply, slot = self._ask(Message("judge", body, outputs))
        return self._measurements(reply, slot, task, [seed])[0]

    def _known_good(self, request: Message) -> Message | None:
        """Arrays of zeros: they may score nothing, but no judge takes long over them."""
        task = next(one for one in self.template.spec.tasks if one.name == request.body["task"])
        given = {**task.values, "seed": request.body["seed"]}
        arrays = {}
        for output in self._script.outputs:
            data = io.BytesIO()
            shape = tuple(given[one] if isinstance(one, str) else one for one in output.shape)
            np.save(data, np.zeros(shape), allow_pickle=False)
            arrays[output.name] = data.getvalue()
        return Message(request.kind, request.body, arrays)

    @property
    def _script(self) -> Script:
        script = self.template.spec.script
        assert script is not None
        return script

    def _run(self, program: Program, task: str, seed: int) -> tuple[float, dict[str, bytes]]:
        """Run the script in a lab of its own; one that breaks its lab twice is at fault."""
        script = self._script
        values = next(one.values for one in self.template.spec.tasks if one.name == task)
        given = {**values, "seed": seed}
        request = Message(
            "run",
            {
                "entry": script.entry,
                "arguments": {one.name: given[one.name] for one in script.arguments},
                "outputs": [output.name for output in script.outputs],
                "timeout_s": script.timeout_s,
            },
            {_CODE: program.modules[_CODE]},
        )
        for attempt in (1, 2):
            lab, _ = self._boot(self._lab_role(), _START_TIMEOUT_S)
            started = time.monotonic()
            deadline = started + script.timeout_s + GRACE_S
            try:
                lab.channel.send(request, deadline=deadline)
                reply = lab.channel.receive(deadline=deadline)
                seconds = time.monotonic() - started
                ran = _Ran.model_validate(dict(reply.body))
            except (ProtocolError, ValidationError) as error:
                if self._closed:
                    raise InfrastructureError("the sandbox was closed") from error
                if attempt == 2:
                    raise CandidateError(
                        "run_crash",
                        "the script brought its sandbox down, twice: it may need too much memory",
                    ) from error
                self.notify("a lab ended without an answer; the script is run once more")
                continue
            finally:
                self._end(lab)
            self._check(ran)
            return seconds, dict(reply.blobs)
        raise AssertionError("unreachable")

    def _check(self, ran: _Ran) -> None:
        if ran.ended == "timeout":
            raise CandidateError(
                "run_timeout", f"the script took longer than {self._script.timeout_s:.0f} s"
            )
        if ran.exit != 0:
            last = ran.said.strip().splitlines()[-1:] or [f"exit status {ran.exit}"]
            raise CandidateError("run_time_error", last[0][:500])

    def _lab_role(self) -> Role:
        return Role(
            name="lab",
            image="lab",
            module="sandboxes.lab.runner",
            read_only=(),
            hidden_packages=(*PRIVATE_PACKAGES, "templates"),
            memory_bytes=self.template.spec.memory_bytes,
            processes=64,
            gpu=False,
            arguments={},
        )

    def _prepare(self, starters: ThreadPoolExecutor) -> Sequence[Future[None]]:
        return ()

    def _start_worker(self, slot: Slot) -> None:
        role = evaluator_role(self.template, self.platform, module="sandboxes.evaluator.judge")
        slot.handle, hello = self._boot(role, _START_TIMEOUT_S)
        slot.device = str(hello.body.get("device", ""))


def _digest(tree: ast.Module) -> str:
    _drop_docstrings(tree)
    try:
        return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
    except RecursionError as error:
        raise CandidateError("too_large", "the code is nested too deeply to be read") from error


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
