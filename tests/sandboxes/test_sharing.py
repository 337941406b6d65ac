"""Clients that share an engine: each is told what is its own, and its end is nobody else's."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator

import pytest

from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, open_engine
from sandboxes.engines.processes import ClosedError
from templates.errors import InfrastructureError
from templates.registry import Template, load_template
from tests.sandboxes.test_closing import SLEEPER, in_background
from tests.sandboxes.test_engine import HUBER, score

pytestmark = pytest.mark.gate

ENDLESS = (
    "def loss(p, t):\n"
    "    f = lambda i, x: x + jnp.sin(x)\n"
    "    return jax.lax.fori_loop(0, 2_000_000_000, f, jax.lax.stop_gradient(p)) + p"
)
# By then a process works on what it was asked.
_BEGUN_S = 2.0


@pytest.fixture(scope="module")
def shared(small_template: Template, sandbox: Sandbox) -> Iterator[Engine]:
    """An engine of one worker that waits a minute for an answer."""
    spec = small_template.spec.model_copy(update={"job_timeout_s": 60.0})
    with open_engine(Template(spec, small_template.path), sandbox, workers=1) as engine:
        yield engine


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_whoever_asks_is_told_what_was_replaced(shared: Engine) -> None:
    told: list[list[str]] = [[], []]
    with shared.serving(told[0].append) as first, shared.serving(told[1].append) as second:
        expected = score(first, HUBER)
        (worker,) = shared.processes("evaluator")
        (tracer,) = shared.processes("tracer")
        worker.kill()
        program = second.trace(HUBER)
        second.inspect(program)
        assert told == [[], ["worker 0 had died; replaced"]]
        tracer.kill()
        assert score(first, HUBER) == expected
        assert len(told[0]) == 1
        assert told[0][0].startswith("tracer replaced (PeerClosedError")
        assert len(told[1]) == 1


def test_closing_a_view_ends_what_it_asked_and_nothing_else(shared: Engine) -> None:
    told: list[list[str]] = [[], []]
    leaving, staying = (shared.serving(one.append) for one in told)
    expected = score(staying, HUBER)
    program = leaving.trace(ENDLESS)
    asked = [in_background(lambda: leaving.inspect(program)) for _ in range(2)]
    time.sleep(_BEGUN_S)
    found: list[dict[str, float]] = []
    thread, failed = in_background(lambda: found.append(score(staying, HUBER)))
    (busy,) = shared.processes("evaluator")
    leaving.close()
    leaving.close()
    assert not busy.alive()
    for left, caught in asked:
        left.join(timeout=10)
        assert not left.is_alive()
        assert [type(error) for error in caught] == [ClosedError]
    thread.join(timeout=60)
    assert (found, failed) == ([expected], [])
    assert told == [[], []]
    with pytest.raises(ClosedError):
        leaving.trace(HUBER)
    assert shared.is_open
    assert score(shared, HUBER) == expected


def test_closing_a_view_while_its_code_is_traced_spares_the_others(shared: Engine) -> None:
    told: list[list[str]] = [[], []]
    leaving, staying = (shared.serving(one.append) for one in told)
    code = "while True:\n    pass\n" + HUBER
    thread, caught = in_background(lambda: leaving.trace(code))
    (tracer,) = shared.processes("tracer")
    until(lambda: tracer.processes() > 1)
    leaving.close()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert [type(error) for error in caught] == [ClosedError]
    assert score(staying, HUBER)
    assert told == [[], []]


def test_a_lab_ends_with_the_view_that_it_works_for(sandbox: Sandbox) -> None:
    with open_engine(load_template("circle_packing"), sandbox, workers=1) as engine:
        view = engine.serving(lambda line: None)
        program = view.trace(SLEEPER)
        thread, caught = in_background(
            lambda: view.evaluate(program, effort="full", task="circles_26", seeds=[1])
        )
        until(lambda: len(engine.processes("lab")) == 1)
        time.sleep(_BEGUN_S)
        view.close()
        thread.join(timeout=20)
        assert not thread.is_alive()
        assert [type(error) for error in caught] == [ClosedError]
        assert engine.processes("lab") == ()
        assert engine.is_open


def test_closing_an_engine_ends_what_all_its_views_asked(
    small_template: Template, sandbox: Sandbox
) -> None:
    told: list[str] = []
    spec = small_template.spec.model_copy(update={"job_timeout_s": 60.0})
    with open_engine(Template(spec, small_template.path), sandbox, workers=1) as engine:
        views = [engine.serving(told.append) for _ in range(2)]
        program = views[0].trace(ENDLESS)
        # One of them works, the other one waits for the worker.
        asked = [in_background(functools.partial(view.inspect, program)) for view in views]
        time.sleep(_BEGUN_S)
        engine.close()
        engine.close()
        assert not engine.is_open
        assert engine.processes() == ()
        for thread, caught in asked:
            thread.join(timeout=10)
            assert not thread.is_alive()
            assert [type(error) for error in caught] == [ClosedError]
        for ask in (lambda: views[1].trace(HUBER), lambda: views[1].inspect(program)):
            with pytest.raises(InfrastructureError, match="the sandbox was closed"):
                ask()
    assert told == []
