"""What every sandbox must hold; one that is registered is tested here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandboxes.contract import Role, Sandbox
from sandboxes.protocol import PeerClosedError, ProtocolError
from sandboxes.registry import choose_sandbox, register_sandbox, sandbox_names
from templates.errors import UserError

pytestmark = pytest.mark.gate


def role(module: str = "sandboxes.tracer.server") -> Role:
    return Role(
        name="tracer",
        image="tracer",
        module=module,
        read_only=(),
        hidden_packages=("agent", "reviewers", "templates"),
        memory_bytes=4 * 2**30,
        processes=64,
        gpu=False,
        arguments={"memory_bytes": 2**30},
        scratch_bytes=0,
        nests=True,
    )


def test_a_process_greets_lives_and_ends(sandbox: Sandbox) -> None:
    handle = sandbox.start(role())
    try:
        assert handle.channel.receive(deadline=time.monotonic() + 60).kind == "ready"
        assert handle.alive()
        used = handle.memory_bytes()
        assert used is None or 2**20 < used < 4 * 2**30
    finally:
        handle.kill()
    assert not handle.alive()
    handle.kill()


def test_what_a_process_says_before_it_fails_is_kept(sandbox: Sandbox) -> None:
    handle = sandbox.start(role("sandboxes.no_such_module"))
    try:
        with pytest.raises(ProtocolError):
            handle.channel.receive(deadline=time.monotonic() + 60)
        assert "no_such_module" in handle.said()
    finally:
        handle.kill()


def test_a_killed_process_closes_its_channel(sandbox: Sandbox) -> None:
    handle = sandbox.start(role())
    handle.channel.receive(deadline=time.monotonic() + 60)
    handle.kill()
    with pytest.raises((PeerClosedError, ValueError, OSError)):
        handle.channel.receive(deadline=time.monotonic() + 5)


def test_processes_and_what_is_left_are_seen_from_outside(sandbox: Sandbox) -> None:
    before = sandbox.leftovers()
    handle = sandbox.start(role())
    try:
        handle.channel.receive(deadline=time.monotonic() + 60)
        assert handle.processes() == 1
        assert sandbox.leftovers() > before
    finally:
        handle.kill()
    assert sandbox.leftovers() == before


def test_it_names_platforms_and_the_processor_is_one(sandbox: Sandbox) -> None:
    assert set(sandbox.platforms()) <= {"cuda", "cpu"}
    assert sandbox.platforms()[-1] == "cpu"


THIRD = """
from sandboxes.process import ProcessSandbox
from sandboxes.registry import register_sandbox

class Third(ProcessSandbox):
    name = "third"

register_sandbox("third", lambda notify: Third())
"""


def test_a_new_sandbox_is_tested_by_registering_it(tmp_path: Path) -> None:
    """As a site's own would be: these very tests collect it, and it passes them."""
    (tmp_path / "third.py").write_text(THIRD)
    here = Path(__file__)
    paths = [str(tmp_path), str(here.parents[2])]
    chosen = "third and not registering and (greets or before_it or closes or seen or platforms)"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "third", "-k", chosen, "-rA", "-q", str(here)],
        capture_output=True,
        text=True,
        cwd=here.parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        timeout=300,
        check=False,
    )
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASSED")]
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(passed) == 6, passed
    assert all("[third]" in line for line in passed)


def test_guarantees_are_seen_and_have_a_reason(sandbox: Sandbox) -> None:
    guarantees = {guarantee.name: guarantee for guarantee in sandbox.guarantees()}
    assert {"network", "files", "read_only", "environment", "seccomp"} <= set(guarantees)
    assert all(guarantee.detail for guarantee in guarantees.values())
    assert guarantees["environment"].holds


def test_names_are_unique_and_unknown_ones_get_a_hint() -> None:
    for name in (*sandbox_names(), "auto"):
        with pytest.raises(ValueError, match="registered already"):
            register_sandbox(name, lambda notify: choose_sandbox("process"))
    with pytest.raises(UserError, match="did you mean 'docker'"):
        choose_sandbox("dokcer")
