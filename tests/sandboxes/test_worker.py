"""A warm worker lets go of the programs it has met and keeps what is its own."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.monitoring
import pytest
from jax import export
from jax.extend.core import ClosedJaxpr

from sandboxes.contract import Program
from sandboxes.engines import Engine, open_engine
from sandboxes.evaluator.worker import KEPT_PROGRAMS, Worker, warm_core
from sandboxes.process import ProcessSandbox
from sandboxes.protocol import Message
from templates.registry import Template

pytestmark = pytest.mark.gate

COMPILATION = "/jax/core/compile/backend_compile_duration"


@pytest.fixture(scope="module")
def engine(small_template: Template) -> Iterator[Engine]:
    """What a worker does is the same in every sandbox."""
    with open_engine(small_template, ProcessSandbox(), workers=1) as engine:
        yield engine


@pytest.fixture
def worker(small_template: Template) -> Iterator[Worker]:
    # A worker turns JAX's compilation cache off, which is this whole process's here.
    settings = (
        "jax_enable_compilation_cache",
        "jax_compilation_cache_dir",
        "jax_persistent_cache_enable_xla_caches",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    )
    before = {name: getattr(jax.config, name) for name in settings}
    yield Worker(small_template, warm_core(small_template, "cpu", None))
    for name, value in before.items():
        jax.config.update(name, value)


def meet(worker: Worker, program: Program) -> None:
    identity = {"platform": program.platform, "population": program.population}
    scored = {**identity, "effort": "smoke", "task": "clean", "seeds": [1]}
    modules = dict(program.modules)
    assert worker.answer(Message("inspect", identity, modules)).kind == "inspected"
    assert worker.answer(Message("evaluate", scored, modules)).kind == "evaluated"


def test_compiled_code_is_found_from_any_folder(
    small_template: Template, worker: Worker, tmp_path: Path
) -> None:
    """The worker's fixture is there for the settings that it puts back."""
    jax.config.update("jax_enable_compilation_cache", True)
    first, second = tmp_path / "first", tmp_path / "second"
    warm_core(small_template, "cpu", first)
    made = {file.name for file in first.iterdir()}
    assert any(name.endswith("-cache") for name in made)
    shutil.copytree(first, second)
    jax.config.update("jax_enable_compilation_cache", True)
    warm_core(small_template, "cpu", second)
    # What is not found is compiled and kept.
    assert {file.name for file in second.iterdir()} == made


def held() -> int:
    """How many functions, as JAX keeps them, are alive."""
    gc.collect()
    kinds = (export.Exported, ClosedJaxpr)
    return sum(isinstance(found, kinds) for found in gc.get_objects())


@pytest.mark.full("boundary")
def test_programs_are_forgotten_and_the_core_stays_compiled(engine: Engine, worker: Worker) -> None:
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **rest: str | int) -> None:
        if event == COMPILATION:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    alive, compilations = [], []
    for scale in range(2, 2 + 4 * KEPT_PROGRAMS):
        code = f"def loss(p, t):\n    return jnp.abs(p - t) ** {scale} / {scale}\n"
        program = engine.trace(code)
        compiled.clear()
        meet(worker, program)
        compilations.append(len(compiled))
        alive.append(held())
    assert len(set(alive[2 * KEPT_PROGRAMS :])) == 1, alive
    # A program costs its own compilations whether or not others were forgotten before it.
    assert min(compilations) > 0
    assert len(set(compilations[1:])) == 1, compilations
