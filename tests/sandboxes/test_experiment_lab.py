"""Experiments in the lab: what honest edits get, and that hostile ones get no more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.evaluation.single import evaluate_file
from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, Measurement, open_engine
from templates.edits import Edit, render_edits
from templates.errors import CandidateError
from templates.registry import Template, load_template
from tests.sandboxes.choosing import attacks
from tests.sandboxes.test_attacks import everybody, mounted_since, mounts, settled

pytestmark = pytest.mark.gate

FOLDER = Path(__file__).parents[1] / "data" / "hidden_classes"
ATTACKS = sorted((Path(__file__).parent / "experiment_attacks").glob("*.py"))
OFTEN = {"looks_for_hidden", "linked_answer", "remembers", "not_a_probability"}
KINDS = {"no_answer", "non_finite", "not_normalized", "run_time_error", "shape"}
# Attacks that end with an answer, which is worth what knowing nothing is.
ANSWERS = {"guesses_the_seed", "looks_for_hidden", "remembers", "sums_to_one_and_a_bit"}


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> Iterator[Engine]:
    template = load_template(FOLDER)
    assert template.spec.experiment is not None
    short = template.spec.experiment.model_copy(update={"timeout_s": 4.0})
    spec = template.spec.model_copy(update={"experiment": short})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_API_KEY", "SECRET")
        with open_engine(Template(spec, template.path), sandbox, workers=1) as engine:
            yield engine


# As large as those of campaigns: not to be guessed in the time of a run.
SEED = 1_971_161_590


def outcome(engine: Engine, code: str, seed: int = SEED) -> Measurement:
    program = engine.trace(code)
    engine.inspect(program)
    found = engine.evaluate(program, effort="full", task="sectors", seeds=[seed])[0]
    return found.model_copy(update={"seconds": 0.0})


def edit(path: str, search: str, replace: str) -> str:
    return render_edits([Edit(path, search, replace)])


def replaced(code: str) -> str:
    """The edits that put a whole file in the place of model.py."""
    old = (FOLDER / "experiment" / "model.py").read_text(encoding="utf-8")
    return edit("model.py", old.strip("\n"), code.strip("\n"))


@pytest.fixture(scope="module")
def honest(engine: Engine) -> Measurement:
    return outcome(engine, "")


def test_what_was_learned_holds_on_hidden_points(engine: Engine, honest: Measurement) -> None:
    control = next(b for b in engine.template.baselines if b.is_control)
    assert outcome(engine, control.code).metrics["nats"] == pytest.approx(math.log(3))
    assert honest.metrics["nats"] < 0.9 * math.log(3)
    assert outcome(engine, "") == honest
    assert outcome(engine, "", seed=2).metrics != honest.metrics


def test_the_digest_is_that_of_what_runs(engine: Engine) -> None:
    def digest(code: str) -> str:
        return engine.inspect(engine.trace(code)).digest

    half = edit("kernel.py", "WIDTH = 0.8", "WIDTH = 0.4")
    steps = edit("kernel.py", "WIDTH = 0.8", "WIDTH = 0.6") + edit(
        "kernel.py", "WIDTH = 0.6", "WIDTH = 0.4  # narrow"
    )
    assert digest(half) == digest(steps) != digest("")
    remark = edit("kernel.py", "WIDTH = 0.8", "# no change at all\nWIDTH = 0.8")
    assert digest(remark) == digest("# nothing\n")


@pytest.mark.parametrize(
    ("kind", "says", "code"),
    [
        ("syntax", "kernel.py after the edits", edit("kernel.py", "WIDTH = 0.8", "WIDTH = = 1")),
        ("search_missing", "kernel.py", edit("kernel.py", "HEIGHT = 1", "HEIGHT = 2")),
        ("fixed_file", "run.py", edit("run.py", "from model import predict", "import os")),
        (
            "run_time_error",
            "model.py, line 11, in predict: near = weight(asked, points)\nNameError",
            edit("model.py", "near = weights(", "near = weight("),
        ),
        ("run_time_error", "No module named", edit("kernel.py", "import numpy", "import nampy")),
        ("run_timeout", "cheaper", edit("kernel.py", "WIDTH = 0.8", "while True:\n    pass")),
        ("shape", "[90, 3]", edit("model.py", "keepdims=True))", "keepdims=True))[:5]")),
    ],
)
def test_every_fault_has_its_class_and_its_place(
    engine: Engine, kind: str, says: str, code: str
) -> None:
    with pytest.raises(CandidateError) as caught:
        outcome(engine, code)
    assert (caught.value.kind, says in caught.value.message) == (kind, True), caught.value.message


def test_an_error_inside_of_jax_is_told_in_the_words_of_the_error(engine: Engine) -> None:
    code = edit("kernel.py", "WIDTH = 0.8", "import jax\n\nWIDTH = jax.jit(lambda x: x * y)(1.0)")
    with pytest.raises(CandidateError) as caught:
        outcome(engine, code)
    frame = "kernel.py, line 7, in <lambda>: WIDTH = jax.jit(lambda x: x * y)(1.0)"
    assert caught.value.message.endswith(f"{frame}\nNameError: name 'y' is not defined")


@pytest.mark.parametrize("attack", attacks(ATTACKS, OFTEN))
def test_an_attack_gains_nothing_and_leaves_nothing(
    engine: Engine, honest: Measurement, attack: Path
) -> None:
    mounted = mounts()
    before = engine.sandbox.leftovers(), everybody(engine)
    found: Measurement | CandidateError
    try:
        found = outcome(engine, replaced(attack.read_text(encoding="utf-8")))
    except CandidateError as caught:
        found = caught
    if isinstance(found, CandidateError):
        assert found.kind in KINDS, found
        assert attack.stem not in ANSWERS, found
        assert "BREACH" not in found.message
        assert "SECRET" not in found.message
    else:
        assert attack.stem in ANSWERS, found
        assert found.metrics["nats"] >= math.log(3) - 1e-9
    assert outcome(engine, "") == honest
    assert not [p for p in ("/tmp", "/var/tmp", "/") if (Path(p) / "attack-marker").exists()]
    assert settled(lambda: (engine.sandbox.leftovers(), everybody(engine)), before) == before
    assert not mounted_since(mounted)


def test_who_knows_source_and_seed_lacks_the_salt(engine: Engine, honest: Measurement) -> None:
    guesses = Path(__file__).parent / "experiment_attacks" / "guesses_the_seed.py"
    source = guesses.read_text(encoding="utf-8")
    knows = replaced(source.replace("[seed, *range(4)]", f"[{SEED}]"))
    with pytest.raises(CandidateError, match=f"BREACH: {SEED}"):
        outcome(engine, knows)
    found = []
    for salt in ("one", "one", "two"):
        with open_engine(engine.template, engine.sandbox, workers=1, salt=salt) as salted:
            found.append(outcome(salted, ""))
            assert outcome(salted, knows).metrics["nats"] == pytest.approx(math.log(3))
    assert found[0] == found[1]
    # A salt is its view's alone: with an engine that is shared it hides the same.
    views = [engine.serving(lambda line: None, salt) for salt in ("one", "two", None)]
    assert [outcome(view, "") for view in views] == [found[0], found[2], honest]
    assert (found[0].task, found[0].seed) == (honest.task, honest.seed)
    assert len({one.metrics["nats"] for one in (*found, honest)}) == 3


def test_only_experiments_take_a_salt(engine: Engine) -> None:
    with pytest.raises(ValueError, match="circle_packing is no experiment"):
        open_engine(load_template("circle_packing"), engine.sandbox, salt="one")


def test_a_folder_is_evaluated_as_the_edits_that_lead_to_it(tmp_path: Path) -> None:
    for file in (FOLDER / "experiment").glob("*.py"):
        text = file.read_text(encoding="utf-8").replace("WIDTH = 0.8", "WIDTH = 0.4")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    found = evaluate_file(str(FOLDER), tmp_path, seeds=2, sandbox="process", workers=1)
    assert (found["status"], found["known_as"], len(found["per_seed"])) == ("valid", "narrow", 2)
