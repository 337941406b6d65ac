"""Scores what candidates returned, in a sandbox that none of them has ever been in."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sandboxes.evaluator.loading import core_class
from sandboxes.evaluator.results import result_of
from sandboxes.evaluator.serving import serve
from sandboxes.protocol import Channel, Message
from templates.contract import ExperimentCore, Output, ScriptCore, Task
from templates.errors import CandidateError
from templates.registry import Template, load_template


def read_outputs(
    blobs: dict[str, bytes], outputs: Sequence[Output], values: dict[str, int]
) -> dict[str, NDArray[np.float64]]:
    """The arrays that a candidate returned, read from bytes that nobody vouches for.

    Args:
        blobs: Files in NumPy's format by name; nothing is ever unpickled.
        outputs: What must be there.
        values: Arguments of the run, for shapes that depend on them.

    Raises:
        CandidateError: Something is missing, malformed, of another shape or not finite.
    """
    found = {}
    for output in outputs:
        if output.name not in blobs:
            raise CandidateError(
                "no_answer", f"there is no output {output.name}, or it has more than 16 MiB"
            )
        shape = tuple(values[one] if isinstance(one, str) else one for one in output.shape)
        expected = 8 * int(np.prod(shape, dtype=np.int64))
        try:
            file = io.BytesIO(blobs[output.name])
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            seen, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=2000)
            if dtype != np.float64 or dtype.hasobject or fortran:
                raise ValueError(f"{dtype} in another order or of another kind")
            data = file.read()
        except (ValueError, TypeError, SyntaxError, EOFError, RecursionError, MemoryError) as error:
            raise CandidateError("shape", f"{output.name} is not an array: {error}") from error
        if seen != shape or len(data) != expected:
            raise CandidateError(
                "shape", f"{output.name} must have shape {list(shape)}, it has {list(seen)}"
            )
        array = np.frombuffer(data, np.float64).reshape(shape)
        if not np.isfinite(array).all():
            raise CandidateError("non_finite", f"{output.name} holds NaN or infinity")
        found[output.name] = array
    return found


def given(core: ExperimentCore, task: Task, seed: int) -> Message:
    """What an experiment may see, as files in NumPy's format."""
    blobs = {}
    for name, array in core.inputs(task=task, seed=seed).items():
        data = io.BytesIO()
        np.save(data, array, allow_pickle=False)
        blobs[name] = data.getvalue()
    return Message("given", {}, blobs)


def answer(template: Template, core: ScriptCore | ExperimentCore, request: Message) -> Message:
    """Score what one run returned, or say what it is given; a candidate's fault is an answer."""
    spec = template.spec
    called = spec.script or spec.experiment
    assert called is not None
    body: dict[str, Any] = dict(request.body)
    task = next(task for task in spec.tasks if task.name == body["task"])
    if request.kind == "inputs":
        return given(cast(ExperimentCore, core), task, body["seed"])
    started = time.monotonic()
    try:
        values = {**task.values, "seed": body["seed"]}
        outputs = read_outputs(dict(request.blobs), called.outputs, values)
        if spec.experiment is not None:
            result = cast(ExperimentCore, core).score(outputs, task=task, seed=body["seed"])
        else:
            result = cast(ScriptCore, core).score(outputs, task=task.name, seed=body["seed"])
    except CandidateError as error:
        return Message("candidate_error", {"kind": error.kind, "message": error.message})
    seconds = body["seconds"] + time.monotonic() - started
    return Message("judged", {"results": [result_of(result, spec, seconds)]})


def main() -> None:
    """Serve until the host hangs up."""
    arguments = json.loads(sys.argv[1])
    channel = Channel(int(sys.argv[2]), int(sys.argv[3]))
    template = load_template(Path(arguments["template"]), arguments["settings"])
    core: ScriptCore | ExperimentCore = core_class(template.path, template.spec)(
        **template.spec.chosen
    )
    channel.send(Message("ready", {"device": "cpu"}))
    serve(channel, lambda request: answer(template, core, request))


if __name__ == "__main__":
    main()
