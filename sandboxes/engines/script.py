"""The engine of the ``program`` boundary: a lab for the script, a judge for what it returns.

A script runs in a sandbox that is made for it and thrown away after one call. The score comes from
a warm judge in another sandbox, which sees arrays and never the script.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence

from sandboxes.contract import Inspection, Program
from sandboxes.engines.answers import Measurement, measurements
from sandboxes.engines.laboratory import JUDGE_TIMEOUT_S, LabEngine, zeros
from sandboxes.engines.screen import parse
from sandboxes.protocol import Message
from templates.contract import Script
from templates.errors import CandidateError

__all__ = ["ScriptEngine", "code_digest"]

_CODE = "code"
_MAX_CHARACTERS = 50_000
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class ScriptEngine(LabEngine):
    """Makes a lab per call beside the pool of judges; see `Engine`."""

    def trace(self, code: str) -> Program:
        """See `Engine.trace`: parsed, not run, so that only what is no Python at all fails here."""
        if len(code) > _MAX_CHARACTERS:
            raise CandidateError(
                "too_large", f"the code has {len(code)} characters, at most {_MAX_CHARACTERS} fit"
            )
        tree = parse(code)
        code_digest(tree)
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
        return Inspection(code_digest(tree), None, (), None, operations)

    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """See `Engine.evaluate`."""
        return [self._evaluate(program, task, seed) for seed in seeds]

    def _evaluate(self, program: Program, task: str, seed: int) -> Measurement:
        seconds, outputs = self._run(program, task, seed)
        body = {"task": task, "seed": seed, "seconds": seconds, "deadline_s": JUDGE_TIMEOUT_S}
        return measurements(self._ask(Message("judge", body, outputs)), task, [seed])[0]

    def _known_good(self, request: Message) -> Message | None:
        """Arrays of zeros: they may score nothing, but no judge takes long over them."""
        task = next(one for one in self.template.spec.tasks if one.name == request.body["task"])
        given = {**task.values, "seed": request.body["seed"]}
        return Message(request.kind, request.body, zeros(self._script.outputs, given))

    @property
    def _script(self) -> Script:
        script = self.template.spec.script
        assert script is not None
        return script

    def _run(self, program: Program, task: str, seed: int) -> tuple[float, dict[str, bytes]]:
        script = self._script
        values = next(one.values for one in self.template.spec.tasks if one.name == task)
        given = {**values, "seed": seed}
        request = Message(
            "run",
            {
                "entry": f"candidate:{script.entry}",
                "arguments": {one.name: given[one.name] for one in script.arguments},
                "outputs": [output.name for output in script.outputs],
                "timeout_s": script.timeout_s,
                "cpu_s": 0,
            },
            {"file:candidate.py": program.modules[_CODE]},
        )
        seconds, ran, outputs = self._run_in_lab(request, script.timeout_s, "the script")
        if ran.ended == "timeout":
            raise CandidateError(
                "run_timeout", f"the script took longer than {script.timeout_s:.0f} s"
            )
        if ran.exit != 0:
            last = ran.said.strip().splitlines()[-1:] or [f"exit status {ran.exit}"]
            raise CandidateError("run_time_error", last[0][:500])
        return seconds, outputs


def code_digest(tree: ast.Module) -> str:
    """SHA-256 of a module without comments, docstrings and layout; the tree loses the latter.

    Raises:
        CandidateError: It is nested too deeply to be read.
    """
    _drop_docstrings(tree)
    try:
        return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
    except RecursionError as error:
        raise CandidateError("too_large", "the code is nested too deeply to be read") from error


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
