"""An evaluator worker: one trusted core, warm across candidates; only verified programs enter."""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from sandboxes.contract import Program
from sandboxes.evaluator.bind import BoundProgram, bind
from sandboxes.evaluator.inspection import inspect_program
from sandboxes.evaluator.jax_private import forget_unused
from sandboxes.evaluator.loading import core_class
from sandboxes.evaluator.results import result_of
from sandboxes.evaluator.serving import serve
from sandboxes.protocol import Channel, Message
from templates.contract import CurriculumCore, FunctionCore, InventingCore
from templates.errors import CandidateError
from templates.registry import Template, load_template

KEPT_PROGRAMS = 4


def warm_core(template: Template, platform: str, compiled: Path | None) -> FunctionCore:
    """A core with everything compiled that does not depend on a candidate.

    Args:
        template: Whose core.
        platform: ``cpu`` or ``cuda``.
        compiled: Folder with compiled code to read or to fill. It is let go of before any program
            arrives, so no program can leave anything in it.
    """
    if compiled is not None:
        jax.config.update("jax_compilation_cache_dir", str(compiled))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        # They would put the folder's path into the key of every entry, and each worker has its own.
        jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    core: FunctionCore = core_class(template.path, template.spec)(platform, **template.spec.chosen)
    core.warm_up()
    jax.config.update("jax_enable_compilation_cache", False)
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    return core


def _pack(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return data.getvalue()


class Worker:
    """Answers the host's requests with a warm core."""

    def __init__(self, template: Template, core: FunctionCore) -> None:
        self._template = template
        self._core = core
        self._bound: OrderedDict[str, dict[str, BoundProgram]] = OrderedDict()

    def answer(self, request: Message) -> Message:
        """One request, one reply; a candidate's fault is a reply too."""
        try:
            if request.kind == "advance":
                return self._advance(request)
            if request.kind == "language":
                return self._language(request)
            if request.kind == "consider":
                return self._consider(request)
            program = Program(
                request.body["platform"], request.body["population"], dict(request.blobs)
            )
            functions = self._functions(program)
            if request.kind == "inspect":
                return Message("inspected", self._inspect(functions))
            return Message("evaluated", {"results": self._evaluate(functions, request.body)})
        except CandidateError as error:
            return Message("candidate_error", {"kind": error.kind, "message": error.message})
        except jax.errors.JaxRuntimeError as error:
            # The core alone does not fail so: the program was too hungry for this machine.
            text = " ".join(str(error).split())[:300]
            kind = "memory" if "RESOURCE_EXHAUSTED" in text else "run_time_error"
            return Message("candidate_error", {"kind": kind, "message": text})

    def _advance(self, request: Message) -> Message:
        """Train an agent further: no program has a part in it, only a choice that is data."""
        body, core = request.body, self._core
        spec = self._template.spec
        # What a spec with a curriculum promises of its core.
        assert spec.curriculum is not None
        curriculum: CurriculumCore = core  # type: ignore[assignment]
        started = time.monotonic()
        found = curriculum.advance(
            body["choice"],
            request.blobs.get("checkpoint"),
            task=body["task"],
            seed=body["seed"],
            parts=body["parts"],
        )
        seconds = time.monotonic() - started
        blobs = {"checkpoint": found.checkpoint}
        if found.episodes is not None:
            blobs["episodes"] = found.episodes
        return Message("advanced", {"results": [result_of(found.result, spec, seconds)]}, blobs)

    def _language(self, request: Message) -> Message:
        """How new tasks are written."""
        found = self._inventing.language(request.body["count"])
        body = {"schema": found.schema, "words": found.words, "max_tokens": found.max_tokens}
        return Message("language", body)

    def _consider(self, request: Message) -> Message:
        """Try proposed tasks in the world; what a model wrote is read there and never run."""
        body = request.body
        found = self._inventing.consider(
            body["answer"], body["choice"], task=body["task"], learned=body["learned"]
        )
        return Message(
            "considered", {"choice": dict(found.choice), "verdicts": list(found.verdicts)}
        )

    @property
    def _inventing(self) -> InventingCore:
        """What a spec whose curriculum asks for predicates promises of its core."""
        curriculum = self._template.spec.curriculum
        assert curriculum is not None
        assert curriculum.asks == "predicates"
        core: InventingCore = self._core  # type: ignore[assignment]
        return core

    def _functions(self, program: Program) -> dict[str, BoundProgram]:
        digest = program.digest
        if digest not in self._bound:
            if len(self._bound) >= KEPT_PROGRAMS:
                self._bound.popitem(last=False)
                forget_unused()
            self._bound[digest] = bind(program, self._template.spec.functions)
        self._bound.move_to_end(digest)
        return self._bound[digest]

    def _inspect(self, functions: dict[str, BoundProgram]) -> dict[str, Any]:
        inspection = inspect_program(functions, self._core)
        return {
            "digest": inspection.digest,
            "fingerprint": inspection.fingerprint,
            "flags": list(inspection.flags),
            "closed_form": inspection.closed_form,
            "operations": inspection.operations,
            "curves": dict(inspection.curves),
        }

    def _evaluate(
        self, functions: dict[str, BoundProgram], body: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        started = time.monotonic()
        results = self._core.evaluate(
            functions, effort=body["effort"], task=body["task"], seeds=body["seeds"]
        )
        seconds = (time.monotonic() - started) / max(1, len(results))
        return [result_of(result, self._template.spec, seconds) for result in results]


def main() -> None:
    """Serve until the host hangs up."""
    arguments = json.loads(sys.argv[1])
    channel = Channel(int(sys.argv[2]), int(sys.argv[3]))
    started = time.monotonic()
    template = load_template(Path(arguments["template"]), arguments["settings"])
    first = channel.receive()
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch)
        if "compiled" in first.blobs:
            zipfile.ZipFile(io.BytesIO(first.blobs["compiled"])).extractall(compiled)
        core = warm_core(template, arguments["platform"], compiled)
        if first.kind == "compile":
            channel.send(Message("compiled", {}, {"compiled": _pack(compiled)}))
            return
    worker = Worker(template, core)
    device = jax.devices()[0]
    channel.send(
        Message(
            "ready",
            {
                "seconds": time.monotonic() - started,
                "device": device.device_kind,
                "platform": device.platform,
                "jax": jax.__version__,
            },
        )
    )
    serve(channel, worker.answer)


if __name__ == "__main__":
    main()
