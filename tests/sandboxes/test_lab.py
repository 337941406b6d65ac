"""Scripts in the lab: what honest ones get, and that hostile ones get no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from agent.evaluation.single import evaluate_file
from sandboxes.contract import Sandbox
from sandboxes.engines import Engine, Measurement, open_engine
from templates.errors import CandidateError
from templates.registry import Template, load_template
from tests.sandboxes.choosing import attacks
from tests.sandboxes.hurrying import hurried
from tests.sandboxes.test_attacks import everybody, mounted_since, mounts, settled

pytestmark = pytest.mark.gate

ATTACKS = sorted((Path(__file__).parent / "lab_attacks").glob("*.py"))
OFTEN = {"endless", "fork_bomb", "forged_answer", "pickles", "symlinks", "network"}
KINDS = {
    *("negative_radius", "no_answer", "non_finite", "outside", "overlap", "run_crash"),
    *("run_time_error", "run_timeout", "shape", "too_large"),
}
# Scripts that end with a valid packing, and the most that it can be worth.
WORTH = {
    "disk_bomb": 0.0,
    "within_a_tolerance": 0.5,
    "smuggled_denormals": 0.5,
    "daemon": 0.5,
    "output_flood": 0.5,
    "network": 0.5,
    "known_solutions": 0.5,
    "environment": 0.5,
    "marker": 0.5,
    "memory_of_forks": 0.5,
    "exit_hook": 0.5,
}


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> Iterator[Engine]:
    template = load_template("circle_packing")
    spec = template.spec.model_copy(update={"memory_bytes": 2**30})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_API_KEY", "SECRET")
        with open_engine(Template(spec, template.path), sandbox, workers=1) as engine:
            yield engine


def outcome(engine: Engine, code: str) -> Measurement:
    program = engine.trace(code)
    engine.inspect(program)
    found = engine.evaluate(program, effort="full", task="circles_26", seeds=[1])[0]
    return found.model_copy(update={"seconds": 0.0})


def baseline(name: str) -> str:
    return next(b.code for b in load_template("circle_packing").baselines if b.name == name)


def test_the_grid_is_worth_what_geometry_says(engine: Engine) -> None:
    found = outcome(engine, baseline("grid"))
    # 25 circles of radius .1 and one in a gap between four of them.
    expected = 2.5 + (2**0.5 - 1) * 0.1
    assert 0 <= expected - found.metrics["sum_of_radii"] < 1e-9


@pytest.fixture(scope="module")
def honest(engine: Engine) -> Measurement:
    return outcome(engine, baseline("grid"))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("syntax", "def pack(count, seed:\n    return 1"),
        ("missing_function", "def packs(count, seed):\n    return 1"),
        ("run_time_error", "def pack(count, seed):\n    return 1 / 0"),
        ("run_time_error", "def pack(count, seed):\n    return [[0.5, 0.5]] * count"),
        ("shape", "def pack(count, seed):\n    return [[0.5, 0.5]], [0.1]"),
        ("run_timeout", "def pack(count, seed):\n    while True:\n        pass"),
    ],
)
def test_every_fault_has_its_class(engine: Engine, kind: str, code: str) -> None:
    hurry = hurried(engine) if kind == "run_timeout" else nullcontext()
    with pytest.raises(CandidateError) as caught, hurry:
        outcome(engine, code)
    assert caught.value.kind == kind


@pytest.mark.parametrize("attack", attacks(ATTACKS, OFTEN))
def test_an_attack_gains_nothing_and_leaves_nothing(
    engine: Engine, honest: Measurement, attack: Path
) -> None:
    mounted = mounts()
    before = engine.sandbox.leftovers(), everybody(engine)
    found: Measurement | CandidateError
    try:
        with hurried(engine):
            found = outcome(engine, attack.read_text(encoding="utf-8"))
    except CandidateError as caught:
        found = caught
    if isinstance(found, CandidateError):
        assert found.kind in KINDS, found
        assert "BREACH" not in found.message
        assert "SECRET" not in found.message
    else:
        assert attack.stem in WORTH, found
        assert found.metrics["sum_of_radii"] <= WORTH[attack.stem]
    assert outcome(engine, baseline("grid")) == honest
    assert not [p for p in ("/tmp", "/var/tmp", "/") if (Path(p) / "attack-marker").exists()]
    assert settled(lambda: (engine.sandbox.leftovers(), everybody(engine)), before) == before
    assert not mounted_since(mounted)


def test_a_known_script_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("# my own\n" + baseline("grid"))
    found = evaluate_file("circle_packing", file, seeds=2, sandbox="process", workers=1)
    assert (found["status"], found["known_as"]) == ("valid", "grid")
