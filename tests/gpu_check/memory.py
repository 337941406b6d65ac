"""Candidates that reach for a device's memory: the next honest one must not notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from sandboxes.engines import Engine, Measurement, open_engine
from sandboxes.registry import choose_sandbox
from templates.errors import CandidateError
from templates.registry import Template
from tests.gpu_check.checks import Context, attacks
from tests.gpu_check.evaluators import small_template
from tests.gpu_check.rows import Row, row

__all__ = ["check"]

_ATTACKS = Path(__file__).parents[1] / "sandboxes" / "attacks"
_UNINITIALISED = Path(__file__).with_name("uninitialised_memory.py")
# What is cut off is the attack: honest programs get the deadline of the template.
_HASTE_S = {"cpu": 4.0, "cuda": 15.0}

_HONEST = """
import jax.numpy as jnp

def loss(prediction, target):
    error = prediction - target
    return jnp.where(jnp.abs(error) < 1, 0.5 * error**2, jnp.abs(error) - 0.5)
"""
_VICTIM = """
import jax
import jax.numpy as jnp

def loss(prediction, target):
    zero = jax.lax.stop_gradient(prediction)[0] * 0.0
    tables = [jnp.full(7_000_000, 12345.678) + zero * n for n in range(1, 3)]
    kept = jax.lax.optimization_barrier(tuple(tables))
    return jnp.abs(prediction - target) * (1 + 1e-9 * sum(table[0] - table[-1] for table in kept))
"""


def check(context: Context) -> Iterator[Row]:
    """A row for each attack; all share one engine with one worker."""
    replaced: list[str] = []
    with (
        # It turns most attacks away; what holds is behind it.
        patch("sandboxes.engines.function.screen", lambda code, functions: None),
        open_engine(
            small_template(),
            choose_sandbox("process"),
            workers=1,
            platform=context.platform,
            notify=replaced.append,
        ) as engine,
    ):
        expected = _outcome(engine, _HONEST)
        for name in attacks(quick=context.quick):
            code = (_ATTACKS / f"{name}.py").read_text(encoding="utf-8")
            began = time.perf_counter()
            before = len(replaced)
            said = _attacked(engine, code, _HASTE_S[context.platform])
            said += f"; workers or tracers replaced: {len(replaced) - before}"
            same = _outcome(engine, _HONEST) == expected
            yield row(
                f"attack: {name}",
                f"{said}; the honest candidate {'scores the same' if same else 'differs'} after it",
                time.perf_counter() - began,
                good=same and "BREACH" not in said,
            )
        yield _uninitialised(engine, expected)


def _uninitialised(engine: Engine, expected: list[Measurement]) -> Row:
    """A victim writes a marker; who looks for it must not score other than who looks for none."""
    began = time.perf_counter()
    code = _UNINITIALISED.read_text(encoding="utf-8")
    other = code.replace("MARKER = 12345.678", "MARKER = -98765.25")
    planted = code.replace("PLANTED = 0.0", "PLANTED = MARKER")
    _outcome(engine, _VICTIM, effort="smoke")
    looked = _outcome(engine, code, effort="smoke")
    nothing = _outcome(engine, other, effort="smoke")
    # Else the search would find nothing because it cannot.
    seeing = _outcome(engine, planted, effort="smoke") != nothing
    same = _outcome(engine, _HONEST) == expected
    said = "nothing found of the candidate before" if looked == nothing else "BREACH: found it"
    if not seeing:
        said = "the search does not find what lies before it"
    return row(
        "attack: uninitialised memory",
        f"{said}; the honest candidate {'scores the same' if same else 'differs'} after it",
        time.perf_counter() - began,
        good=looked == nothing and seeing and same,
    )


def _attacked(engine: Engine, code: str, limit_s: float) -> str:
    """What became of an attack, in words."""
    template = engine.template
    hasty = template.spec.model_copy(update={"job_timeout_s": limit_s})
    try:
        engine.template = Template(hasty, template.path)
        _outcome(engine, code)
    except CandidateError as error:
        return f"{error.kind}: {error.message[:120]}"
    finally:
        engine.template = template
    return "ran to its end"


def _outcome(engine: Engine, code: str, *, effort: str = "full") -> list[Measurement]:
    program = engine.trace(code)
    engine.inspect(program)
    found = engine.evaluate(program, effort=effort, task="outliers", seeds=[3])
    # How long it took is no part of a score.
    return [one.model_copy(update={"seconds": 0.0}) for one in found]
