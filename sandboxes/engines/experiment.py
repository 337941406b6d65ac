"""The engine of the ``experiment`` boundary: edits of a working experiment, run in a lab.

A judge says what the experiment may see and keeps the rest; the lab gets the edited files and those
arrays, and gives arrays back; the judge scores them against what it kept.
"""

from __future__ import annotations

import ast
import hashlib
import math
import signal
from collections.abc import Mapping, Sequence

from sandboxes.contract import Inspection, Program
from sandboxes.engines.answers import Measurement, measurements
from sandboxes.engines.laboratory import JUDGE_TIMEOUT_S, LabEngine, Ran, zeros
from sandboxes.engines.screen import parse
from sandboxes.engines.script import code_digest
from sandboxes.protocol import Message
from templates.contract import Experiment
from templates.edits import apply_edits, parse_edits
from templates.errors import CandidateError
from templates.hiding import lab_seed, salted_seed

__all__ = ["ExperimentEngine"]

_FILE = "file:"
# By the clock a run may take this much longer than it may use a core, which others use as well.
_PATIENCE = 3


class ExperimentEngine(LabEngine):
    """Makes a lab per run beside the pool of judges; see `Engine`.

    Neither lab nor judge is told the salt: the judge gets the seed that comes of it.
    """

    def trace(self, code: str) -> Program:
        """See `Engine.trace`: the edits are applied and what comes of them parsed, not run."""
        experiment = self._experiment
        files = apply_edits(experiment.files, parse_edits(code), fixed=experiment.fixed)
        for path, text in files.items():
            _parsed(path, text)
        modules = {f"{_FILE}{path}": text.encode() for path, text in files.items()}
        return Program(self.platform, self.population, modules)

    def inspect(self, program: Program) -> Inspection:
        """See `Engine.inspect`: the digest leaves comments, docstrings and layout out."""
        joined = hashlib.sha256()
        operations = 0
        for name, data in sorted(program.modules.items()):
            tree = _parsed(name.removeprefix(_FILE), data.decode())
            operations += sum(isinstance(node, ast.stmt) for node in ast.walk(tree))
            joined.update(f"{name}\0{code_digest(tree)}\0".encode())
        return Inspection(joined.hexdigest(), None, (), None, operations)

    def evaluate(
        self, program: Program, *, effort: str, task: str, seeds: Sequence[int]
    ) -> list[Measurement]:
        """See `Engine.evaluate`."""
        return [self._evaluate(program, task, seed) for seed in seeds]

    def _evaluate(self, program: Program, task: str, seed: int) -> Measurement:
        hidden = salted_seed(seed, self._salt)
        body = {"task": task, "seed": hidden, "deadline_s": JUDGE_TIMEOUT_S}
        given = self._ask(Message("inputs", body)).message
        seconds, outputs = self._run(program, task, seed, given.blobs)
        judged = self._ask(Message("judge", {**body, "seconds": seconds}, outputs))
        measured = measurements(judged, task, [hidden])[0]
        return measured.model_copy(update={"seed": seed})

    def _lab_uses_gpu(self) -> bool:
        return self.platform == "cuda"

    def _known_good(self, request: Message) -> Message | None:
        """The same where no candidate takes part, else arrays of zeros."""
        if request.kind == "inputs":
            return request
        values = {**self._values(request.body["task"]), "seed": request.body["seed"]}
        return Message(request.kind, request.body, zeros(self._experiment.outputs, values))

    @property
    def _experiment(self) -> Experiment:
        experiment = self.template.spec.experiment
        assert experiment is not None
        return experiment

    def _values(self, task: str) -> Mapping[str, int]:
        return next(one.values for one in self.template.spec.tasks if one.name == task)

    def _run(
        self, program: Program, task: str, seed: int, inputs: Mapping[str, bytes]
    ) -> tuple[float, dict[str, bytes]]:
        experiment = self._experiment
        values = {**self._values(task), "seed": lab_seed(self.template.spec.name, task, seed)}
        request = Message(
            "run",
            {
                "entry": experiment.entry,
                "arguments": {one.name: values[one.name] for one in experiment.arguments},
                "outputs": [output.name for output in experiment.outputs],
                "timeout_s": _PATIENCE * experiment.timeout_s,
                "cpu_s": math.ceil(experiment.timeout_s),
            },
            {
                **program.modules,
                **{f"input:{one.name}.npy": inputs[one.name] for one in experiment.inputs},
            },
        )
        seconds, ran, outputs = self._run_in_lab(
            request, _PATIENCE * experiment.timeout_s, "the experiment"
        )
        _check(ran, experiment.timeout_s)
        return seconds, outputs


def _check(ran: Ran, timeout_s: float) -> None:
    said = ran.said.strip()
    if ran.ended == "timeout" or ran.exit == -signal.SIGXCPU:
        end = said[-300:]
        raise CandidateError(
            "run_timeout",
            f"the run took longer than {timeout_s:.0f} s on one core: make it cheaper"
            + (f". It had printed: {end}" if end else ""),
        )
    if ran.exit != 0:
        raise CandidateError("run_time_error", said or f"it ended with exit status {ran.exit}")


def _parsed(path: str, text: str) -> ast.Module:
    try:
        return parse(text)
    except CandidateError as error:
        raise CandidateError(error.kind, f"{path} after the edits: {error.message}") from error
