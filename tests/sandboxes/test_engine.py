"""Candidates of every kind through the real tracer and evaluators."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, EvaluatorBugError, open_engine
from templates.errors import CandidateError, InfrastructureError
from templates.registry import Template, load_template

pytestmark = pytest.mark.gate

HUBER = """
def loss(prediction, target):
    error = prediction - target
    return jnp.where(jnp.abs(error) < 1, 0.5 * error**2, jnp.abs(error) - 0.5)
"""


def score(engine: Engine, code: str) -> dict[str, float]:
    program = engine.trace(code)
    engine.inspect(program)
    return engine.evaluate(program, effort="full", task="outliers", seeds=[3])[0].metrics


def failure(engine: Engine, code: str) -> str:
    with pytest.raises(CandidateError) as caught:
        score(engine, code)
    assert caught.value.message
    return caught.value.kind


def test_the_same_program_scores_the_same_to_the_bit(engine: Engine) -> None:
    assert score(engine, HUBER) == score(engine, HUBER)


def test_better_losses_score_better(engine: Engine) -> None:
    squared = "def loss(prediction, target):\n    return (prediction - target) ** 2"
    assert score(engine, HUBER)["error"] < score(engine, squared)["error"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("syntax", "def loss(prediction, target):\n    retrn 1"),
        ("empty_code", "   \n"),
        ("missing_function", "def loss_fn(prediction, target):\n    return prediction"),
        ("forbidden_import", "import os\ndef loss(p, t):\n    return p"),
        ("forbidden_name", "def loss(p, t):\n    return eval('p')"),
        ("forbidden_name", "def loss(p, t):\n    return p.__class__"),
        ("signature", "def loss(prediction):\n    return prediction"),
        ("shape", "def loss(p, t):\n    return jnp.mean(p - t)"),
        ("dtype", "def loss(p, t):\n    return (p > t).astype(jnp.int32)"),
        ("trace", "def loss(p, t):\n    if p.sum() > 0:\n        return p\n    return t"),
        ("trace", "def loss(p, t):\n    return p.median()"),
        ("import_time_error", "x = 1 / 0\ndef loss(p, t):\n    return p"),
        ("non_finite", "def loss(p, t):\n    return jnp.log(p - t)"),
        ("too_large", "def loss(p, t):\n    return p" + " + p" * 8000),
        ("program", "def loss(p, t):\n    return p + jnp.linalg.inv(jnp.outer(p, t))[0]"),
        (
            "program",
            "def loss(p, t):\n    return p + jnp.ones((4096, 4096)).at[0].set(t[0]).sum() * p[0]",
        ),
        (
            "evaluation_timeout",
            "def loss(p, t):\n"
            "    f = lambda i, x: x + jnp.sin(x)\n"
            "    return jax.lax.fori_loop(0, 2_000_000_000, f, jax.lax.stop_gradient(p)) + p",
        ),
    ],
)
def test_every_fault_has_its_class(engine: Engine, kind: str, code: str) -> None:
    assert failure(engine, code) == kind


def test_advice_names_the_line(engine: Engine) -> None:
    with pytest.raises(CandidateError, match=r"jnp.where.*line 2"):
        engine.trace("def loss(p, t):\n    return p if p.sum() > 0 else t")


HOSTILE = {
    "exit": "import functools\nfunctools.os._exit(0)\n",
    "endless": "while True:\n    pass\n",
    "memory": "x = [0] * 8 * 10**9\n",
    "fork": (
        "import functools\n"
        "try:\n    import dataclasses\n    o = dataclasses.sys.modules['os']\n"
        "    while True:\n        o.fork()\n"
        "except BaseException:\n    pass\n"
        "while True:\n    pass\n"
    ),
    "output": "import dataclasses\ndataclasses.sys.modules['os'].write(3, b'x' * 10**7)\n",
    "kill": "import dataclasses\nm = dataclasses.sys.modules\nm['os'].kill(-1, 9)\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_ends_as_an_error_and_leaves_nothing(
    engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandboxes.engines.function.TRACE_TIMEOUT_S", 2.0)
    before = score(engine, HUBER)
    (tracer,) = engine.processes("tracer")
    alone = tracer.processes()
    code = HOSTILE[name] + "def loss(p, t):\n    return p\n"
    with pytest.raises(CandidateError):
        engine.trace(code)
    assert engine.processes("tracer") == (tracer,), "the fork server itself was hit"
    assert tracer.alive()
    assert score(engine, HUBER) == before
    deadline = time.monotonic() + 5
    while tracer.processes() > alone and time.monotonic() < deadline:
        time.sleep(0.05)
    assert tracer.processes() == alone == 1, "only the fork server itself is left"


def test_a_candidate_sees_neither_files_nor_environment_nor_processes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "s3cret")
    code = (
        "import dataclasses\n"
        "o = dataclasses.sys.modules['os']\n"
        "seen = (dict(o.environ), o.listdir('/scratch'), "
        "len([p for p in o.listdir('/proc') if p.isdigit()]) <= 4, "
        ""
        "[p for p in dataclasses.sys.path if o.path.exists(o.path.join(p, 'agent'))])\n"
        "raise RuntimeError('SEEN' + repr(seen[1:]) + str('SECRET_API_KEY' in seen[0]))\n"
        "def loss(p, t):\n    return p\n"
    )
    with pytest.raises(CandidateError) as caught:
        engine.trace(code)
    assert "SEEN([], True, [])False" in caught.value.message


def test_a_killed_evaluator_is_replaced(engine: Engine) -> None:
    program = engine.trace(HUBER)
    expected = engine.evaluate(program, effort="full", task="clean", seeds=[1])[0].metrics
    workers = engine.processes("evaluator")
    assert len(workers) == engine.workers
    for worker in workers:
        worker.kill()
    again = engine.evaluate(program, effort="full", task="clean", seeds=[1])[0].metrics
    assert again == expected


def test_a_deadline_that_nothing_meets_is_charged_to_nobody(
    small_template: Template, sandbox: Sandbox
) -> None:
    spec = small_template.spec.model_copy(update={"job_timeout_s": 0.001})
    told: list[str] = []
    template = Template(spec, small_template.path)
    with open_engine(template, sandbox, workers=1, notify=told.append) as engine:
        program = engine.trace(HUBER)
        with pytest.raises(InfrastructureError, match=r"known program .* too busy"):
            engine.inspect(program)
    dropped = [line.partition("(")[2] for line in told if line.startswith("worker")]
    assert [line.partition(")")[0] for line in dropped] == [
        "attempt 1",
        "attempt 2",
        "a known program",
    ]


def test_who_hangs_alone_is_charged(small_template: Template, sandbox: Sandbox) -> None:
    """The worker that takes the dead one's place is asked, and answers."""
    told: list[str] = []
    spec = small_template.spec.model_copy(update={"job_timeout_s": 3.0})
    template = Template(spec, small_template.path)
    code = (
        "def loss(p, t):\n"
        "    f = lambda i, x: x + jnp.sin(x)\n"
        "    return jax.lax.fori_loop(0, 2_000_000_000, f, jax.lax.stop_gradient(p)) + p"
    )
    with open_engine(template, sandbox, workers=1, notify=told.append) as engine:
        program = engine.trace(code)
        with pytest.raises(CandidateError) as caught:
            engine.inspect(program)
        assert caught.value.kind == "evaluation_timeout"
        (worker,) = engine.processes("evaluator")
        assert worker.alive()
    assert sum(line.startswith("worker") for line in told) == 2


def test_a_failing_core_is_our_bug_and_says_so(tmp_path: Path, sandbox: Sandbox) -> None:
    source = Path(__file__).parents[1] / "data" / "robust_regression"
    # A temporary folder itself is closed to the user that the sandbox turns into.
    folder = tmp_path / "template"
    for file in source.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            target = folder / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    core = folder / "core.py"
    core.write_text(
        core.read_text().replace("        rng = np.random.default_rng([seed", "        1 / 0  # ")
    )
    with open_engine(load_template(folder), sandbox, workers=1) as engine:
        program = engine.trace(HUBER)
        with pytest.raises(EvaluatorBugError, match="ZeroDivisionError"):
            engine.evaluate(program, effort="full", task="clean", seeds=[1])
