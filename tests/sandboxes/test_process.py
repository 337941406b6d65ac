"""What the process sandbox claims, it holds."""

from __future__ import annotations

import os
from pathlib import Path

from sandboxes.contract import Role
from sandboxes.descendants import descendants
from sandboxes.process import ProcessSandbox


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
