"""What the process sandbox claims, it holds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxes import contract
from sandboxes.contract import Role
from sandboxes.descendants import descendants
from sandboxes.process import CagedProcess, ProcessSandbox

pytestmark = pytest.mark.gate


def test_guarantees_are_named_and_explained() -> None:
    guarantees = {guarantee.name: guarantee for guarantee in ProcessSandbox().guarantees()}
    wanted = {
        "network",
        "processes",
        "files",
        "read_only",
        "environment",
        "no_new_privileges",
        "capabilities",
        "seccomp",
        "unprivileged",
    }
    assert set(guarantees) == wanted
    assert all(guarantee.detail for guarantee in guarantees.values())
    # These two need no help from the kernel's namespaces.
    assert guarantees["environment"].holds
    assert guarantees["no_new_privileges"].holds


def test_root_gets_every_guarantee() -> None:
    if os.geteuid() != 0:
        return
    missing = [g for g in ProcessSandbox().guarantees() if not g.holds]
    assert not missing


def test_guarantees_are_seen_from_where_candidates_are_traced_too() -> None:
    class Leaking(ProcessSandbox):
        """Whose cage for candidates holds a file that is meant to be outside of it."""

        def start(self, role: Role) -> CagedProcess:
            if role.nests:
                outside = {**role.arguments["outside"], "file": contract.__file__}
                role = replace(role, arguments={**role.arguments, "outside": outside})
            return super().start(role)

    lost = {one.name: one.detail for one in Leaking().guarantees() if not one.holds}
    assert "where candidates are traced" in lost["files"]
    assert contract.__file__ in lost["files"]
    assert "files" not in {one.name for one in ProcessSandbox().guarantees() if not one.holds}


def test_kill_takes_the_whole_tree_and_every_descriptor() -> None:
    role = Role("tracer", "tracer", "sandboxes.tracer.server", (), ("agent",), 2**33, 8, False,
                {"memory_bytes": 2**30})  # fmt: skip
    sandbox = ProcessSandbox()
    sandbox.start(role).kill()
    before = {entry.name for entry in Path("/proc/self/fd").iterdir()}
    handle = sandbox.start(role)
    tree = descendants(handle.pid)
    assert tree
    assert handle.alive()
    handle.kill()
    assert not handle.alive()
    assert not [pid for pid in tree if Path(f"/proc/{pid}").exists()]
    assert {entry.name for entry in Path("/proc/self/fd").iterdir()} == before
