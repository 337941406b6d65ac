"""Evaluators and labs of the process sandbox on the platform: they start, name it and hold."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent.evaluation.novelty import NoveltyIndex
from sandboxes.contract import Role, Sandbox
from sandboxes.engines import Engine, open_engine
from sandboxes.registry import choose_sandbox
from templates.edits import Edit, render_edits
from templates.registry import Template, load_template
from tests.gpu_check.checks import Context
from tests.gpu_check.rows import Row, row

__all__ = ["check", "small_template"]

_DATA = Path(__file__).parents[1] / "data"
_PROBE_TIMEOUT_S = 60.0
_LAB_TIMEOUT_S = 60.0
_CLOSE = 1e-3
_PLATFORM_OF_JAX = {"cpu": "cpu", "cuda": "gpu"}
_DENSITY = "    return np.exp(-square / (2 * WIDTH**2))"
_DENSITY_OF_JAX = """    import jax
    import jax.numpy as jnp

    if jax.devices()[0].platform != "PLATFORM":
        raise RuntimeError(f"the lab has {jax.devices()[0]}")
    return np.asarray(jnp.exp(-jnp.asarray(square) / (2 * WIDTH**2)))"""


def small_template() -> Template:
    """The tests' template of the function boundary, with its core's population everywhere."""
    return _with_population(load_template(_DATA / "robust_regression"), 2)


def check(context: Context) -> Iterator[Row]:
    """What holds with a GPU's devices, an engine, and a lab."""
    sandbox = choose_sandbox("process")
    yield _guarantees(sandbox)
    began = time.perf_counter()
    with open_engine(small_template(), sandbox, workers=1, platform=context.platform) as engine:
        there = sandbox.platforms()
        yield row(
            "evaluators start",
            f"device {engine.device}; the sandbox offers {', '.join(there)}",
            time.perf_counter() - began,
            good=context.platform in there
            and (engine.device.lower() == "cpu") == (context.platform == "cpu"),
        )
        yield _scores(engine, sandbox)
    yield _lab(sandbox, context)


def _guarantees(sandbox: Sandbox) -> Row:
    """What a process without a GPU is held by must hold one that is given the devices of one."""
    began = time.perf_counter()
    without, given = (_probed(sandbox, gpu=gpu) for gpu in (False, True))
    lost = {name: detail for name, (holds, detail) in given.items() if without[name][0] > holds}
    held = sum(holds for holds, _ in given.values())
    said = f"{held} of {len(given)} hold with the GPU's devices, as without"
    if lost:
        said = "lost: " + "; ".join(f"{name} ({detail})" for name, detail in lost.items())
    return row("guarantees with a GPU", said, time.perf_counter() - began, good=not lost)


def _probed(sandbox: Sandbox, *, gpu: bool) -> dict[str, tuple[bool, str]]:
    with tempfile.TemporaryDirectory(prefix="discover-outside-") as place:
        # Anybody may read and write here, so that only the sandbox can be what prevents it.
        folder = Path(place)
        folder.chmod(0o777)
        file = folder / "file"
        file.write_text("what no candidate may see")
        outside = {"file": str(file), "home": str(Path.home()), "pid": os.getpid()}
        handle = sandbox.start(
            Role(
                name="probe",
                image="tracer",
                module="sandboxes.probe",
                read_only=(),
                hidden_packages=("agent", "templates", "reviewers"),
                memory_bytes=2**30,
                processes=8,
                gpu=gpu,
                arguments={"outside": outside, "nested": False},
            )
        )
        try:
            seen = handle.channel.receive(deadline=time.monotonic() + _PROBE_TIMEOUT_S).body
        finally:
            handle.kill()
    return {name: (bool(holds), str(detail)) for name, (holds, detail) in seen.items()}


def _scores(engine: Engine, sandbox: Sandbox) -> Row:
    """The baselines are recognised by a CPU's fingerprints of them, and score as there."""
    began = time.perf_counter()
    template = engine.template
    index = NoveltyIndex()
    scores: dict[str, tuple[float, float]] = {}
    mistaken = []
    with open_engine(template, sandbox, workers=1) as reference:
        programs = {one.name: reference.trace(one.code) for one in template.baselines}
        for name, program in programs.items():
            # By the fingerprint alone: a program for another platform has another digest.
            index.add(name, name, reference.inspect(program).fingerprint)
        for one in template.baselines:
            program = engine.trace(one.code)
            seen = engine.inspect(program)
            if seen.fingerprint and index.find("", seen.fingerprint) != one.name:
                mistaken.append(one.name)
            scores[one.name] = (_error(engine, one.code), _error(reference, one.code))
    furthest = max(abs(ours - theirs) for ours, theirs in scores.values())
    good = not mistaken and furthest <= _CLOSE
    said = f"{len(scores)} baselines off by {furthest:.2g} at most, {_CLOSE:g} allowed"
    if mistaken:
        said += f"; not recognised: {', '.join(mistaken)}"
    return row("fingerprints and scores", said, time.perf_counter() - began, good=good)


def _error(engine: Engine, code: str) -> float:
    found = engine.evaluate(engine.trace(code), effort="full", task="outliers", seeds=[3])
    return found[0].metrics["error"]


def _lab(sandbox: Sandbox, context: Context) -> Row:
    """An experiment whose edit computes with JAX on the platform, and raises where that is none."""
    began = time.perf_counter()
    template = _with_population(load_template(_DATA / "hidden_classes"), 1)
    assert template.spec.experiment is not None
    # JAX alone takes longer to start than the experiment may run.
    patient = template.spec.experiment.model_copy(update={"timeout_s": _LAB_TIMEOUT_S})
    spec = template.spec.model_copy(update={"experiment": patient, "memory_bytes": 16 * 2**30})
    template = Template(spec, template.path)
    edit = _DENSITY_OF_JAX.replace("PLATFORM", _PLATFORM_OF_JAX[context.platform])
    codes = (
        template.baselines[0].code,
        render_edits([Edit("kernel.py", _DENSITY, edit)]),
    )
    with open_engine(template, sandbox, workers=1, platform=context.platform) as engine:
        plain, ours = (
            engine.evaluate(engine.trace(code), effort="full", task="sectors", seeds=[1])[0]
            for code in codes
        )
    gap = abs(ours.metrics["nats"] - plain.metrics["nats"])
    said = f"JAX in a lab: nats off by {gap:.2g} from NumPy's, {_CLOSE:g} allowed"
    return row("lab", said, time.perf_counter() - began, good=gap <= _CLOSE)


def _with_population(template: Template, population: int) -> Template:
    everywhere = {"cpu": population, "cuda": population}
    return Template(template.spec.model_copy(update={"population": everywhere}), template.path)
