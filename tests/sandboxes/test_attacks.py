"""Every file in ``attacks`` is a hostile candidate; none gets more than an honest one would.

The static screen, which would turn most of them away, is switched off: it saves time and explains
rules to models, it is not what holds.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from sandboxes.contract import Program, Sandbox
from sandboxes.engines import Engine, Measurement, open_engine
from templates.errors import CandidateError
from templates.registry import Template
from tests.sandboxes.choosing import attacks
from tests.sandboxes.hurrying import hurried
from tests.sandboxes.test_engine import HUBER

pytestmark = pytest.mark.gate

ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.py"))
# These write their program themselves, and the verifier must be what refuses it.
FORGED = {file for file in ATTACKS if file.stem.startswith("program_with_")}
FORGING = Path(__file__).with_name("forging.py").read_text(encoding="utf-8")
HONEST = "\n\ndef loss(prediction, target):\n    return jnp.abs(prediction - target)\n"
# One of each kind: what hangs, breaks out, grows, forges, lies, spies, talks, leaves a mark.
OFTEN = {
    *(
        "endless_import",
        "kill_everything",
        "memory_bomb",
        "fork_bomb",
        "forged_frame",
        "tcp_outside",
    ),
    *("lying_gradient", "heap_of_the_one_before", "environment_variables", "secret_in_home"),
    *("marker_for_the_next", "program_with_callback", "endless_program", "mount_tmpfs"),
}
# What a candidate may be told; anything else would be our own failure.
KINDS = {
    *("dtype", "export", "import", "evaluation_crash", "evaluation_timeout", "import_time_error"),
    *("memory", "missing_function", "no_answer", "non_finite", "program", "run_time_error"),
    *("shape", "signature", "syntax", "too_large", "trace", "trace_crash", "trace_timeout"),
}
LIARS = {"lying_gradient", "lying_tangent"}
OF_AN_ENGINE = re.compile(r"/overlay2/|/containers/|/netns/|/rootfs/|/discover-engine-")
Seen = TypeVar("Seen")
PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/", "/dev")


@pytest.fixture(scope="module", autouse=True)
def bait(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What attacks look for: a secret in a file, in the environment and behind a socket."""
    (tmp_path_factory.mktemp("bait") / "attack-canary.txt").write_text("SECRET")
    with pytest.MonkeyPatch.context() as patch, listening("\0attack-canary"):
        patch.setenv("SECRET_API_KEY", "SECRET")
        yield


@contextmanager
def listening(address: str) -> Iterator[None]:
    """Somebody listens there while the block lasts: we do, or whoever was first.

    The attacks know one address, and those in another sandbox may run beside these; when they are
    done, we take their place.
    """
    done = threading.Event()

    def listen() -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            while not done.is_set():
                try:
                    listener.bind(address)
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                    done.wait(0.05)
                else:
                    listener.listen()
                    done.wait()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not reachable(address) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert reachable(address)
        yield
    finally:
        done.set()
        thread.join()


def reachable(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(address) == 0


@dataclass(frozen=True)
class Attacked:
    """An engine that was started beside the bait, and what honest candidates get in it.

    ``traced`` is the digest of the honest candidate's program, ``expected`` what it scores;
    ``twin`` is what another one scores, of which some attacks are copies.
    """

    engine: Engine
    traced: str
    expected: list[Measurement]
    twin: list[Measurement]


@pytest.fixture(scope="module")
def attacked(small_template: Template, sandbox: Sandbox, bait: None) -> Iterator[Attacked]:
    with (
        pytest.MonkeyPatch.context() as patch,
        open_engine(small_template, sandbox, workers=1) as engine,
    ):
        patch.setattr("sandboxes.engines.function.screen", lambda code, functions: None)
        # What a dead worker's place is tried with is traced now, without a hurry.
        assert engine.prewarm()
        twin = outcome(engine, "import jax.numpy as jnp" + HONEST)
        honest = engine.trace(HUBER)
        found = Attacked(engine, honest.digest, measured(engine, honest), twin)
        yield found
        # After all attacks, also those that were taken for the tracer's alone.
        assert outcome(engine, HUBER) == found.expected


def outcome(engine: Engine, code: str) -> list[Measurement]:
    return measured(engine, engine.trace(code))


def measured(engine: Engine, program: Program) -> list[Measurement]:
    engine.inspect(program)
    found = engine.evaluate(program, effort="full", task="outliers", seeds=[3])
    return [one.model_copy(update={"seconds": 0.0}) for one in found]


def mounts() -> set[str]:
    """Mount points of this machine, but for engines' containers: `leftovers` counts ours."""
    points = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()}
    return {point for point in points if not OF_AN_ENGINE.search(point)}


def mounted_since(before: set[str]) -> set[str]:
    """Mount points that were not there before and stay; others on the machine may come and go."""
    return settled(lambda: mounts() - before, set())


def settled(look: Callable[[], Seen], wanted: Seen) -> Seen:
    """What is seen at last: what was killed may take its time to go, where the machine is busy."""
    deadline = time.monotonic() + 20
    while (seen := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def everybody(engine: Engine) -> int:
    """Processes of all sandboxes of an engine."""
    return sum(handle.processes() for handle in engine.processes())


@pytest.mark.parametrize("attack", attacks(ATTACKS, OFTEN))
def test_an_attack_gains_nothing_and_leaves_nothing(attacked: Attacked, attack: Path) -> None:
    """What got no further than the tracer can have changed only that: then nothing is trained."""
    engine = attacked.engine
    mounted = mounts()
    before = engine.sandbox.leftovers(), everybody(engine)
    code = (FORGING if attack in FORGED else "") + attack.read_text(encoding="utf-8")
    program: Program | None = None
    found: list[Measurement] | CandidateError
    try:
        # A forged program hangs nobody: its deadline must not be what ends it.
        with nullcontext() if attack in FORGED else hurried(engine):
            program = engine.trace(code)
            found = measured(engine, program)
    except CandidateError as caught:
        found = caught
    if isinstance(found, CandidateError):
        assert "BREACH" not in found.message
        assert "SECRET" not in found.message
        assert found.kind in ({"program"} if attack in FORGED else KINDS), found
        assert len(found.message) <= 1000
    else:
        assert attack not in FORGED
        assert attack.stem not in LIARS or "gradient_mismatch" in flags(engine, code)
        again = attacked.twin if code.endswith(HONEST) else outcome(engine, code)
        assert found == again or attack.stem == "clock_in_program"
    honest = engine.trace(HUBER)
    assert honest.digest == attacked.traced
    if program is not None:
        assert measured(engine, honest) == attacked.expected
    assert settled(lambda: sum(one.processes() for one in engine.processes("tracer")), 1) == 1
    left = settled(lambda: (engine.sandbox.leftovers(), everybody(engine)), before)
    assert left == before
    assert not mounted_since(mounted)
    assert not [place for place in PLACES if (Path(place) / "attack-marker").exists()]


@pytest.mark.every_sandbox
def test_no_candidate_finds_another_in_its_memory(attacked: Attacked) -> None:
    """Also not where the search itself works, which it does on its own code."""
    engine = attacked.engine
    attack = (Path(__file__).parent / "attacks" / "heap_of_the_one_before.py").read_text()
    marker = "marker-of-another-" + "candidate-7f3a"
    for number in range(3):
        filler = f"# {'x' * 4000 * number}\n"
        engine.trace(f"# {marker} {number}\n{filler}import jax.numpy as jnp{HONEST}")
    engine.trace(attack)
    with pytest.raises(CandidateError, match="BREACH"):
        engine.trace(f"# {marker}\n{attack}")


def flags(engine: Engine, code: str) -> set[str]:
    return set(engine.inspect(engine.trace(code)).flags)


def test_somebody_listens_for_attacks_as_long_as_any_run() -> None:
    address = f"\0attack-test-{os.getpid()}"
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(listening(address))
        second.enter_context(listening(address))
        first.close()
        deadline = time.monotonic() + 10
        while not reachable(address) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert reachable(address)
    assert not reachable(address)


def test_there_are_enough_attacks_and_each_says_what_it_tries() -> None:
    assert len(ATTACKS) >= 80
    assert all(file.read_text(encoding="utf-8").startswith('"""') for file in ATTACKS)
