"""Where the kernel refuses namespaces, Landlock holds what they would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxes.descendants import descendants
from sandboxes.engines import Engine, open_engine
from sandboxes.fallback import most_processes
from sandboxes.landlock import version
from sandboxes.process import ProcessSandbox
from templates.registry import Template
from tests.sandboxes.reaching_out import HONEST

pytestmark = pytest.mark.gate

HERE = Path(__file__).parent
# Signals and abstract sockets came last.
needs_landlock = pytest.mark.skipif(version() < 6, reason="this kernel's Landlock is too old")


def run(*arguments: str) -> str:
    root = str(HERE.parents[1])
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=800,
        env={**os.environ, "PYTHONPATH": root, "SECRET_API_KEY": "SECRET"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def bait() -> Iterator[Path]:
    """A file that its user may do anything with, in a folder of the machine."""
    with tempfile.TemporaryDirectory(prefix="discover-bait-") as folder:
        file = Path(folder) / "bait"
        file.write_text("SECRET")
        file.chmod(0o640)
        yield file


@needs_landlock
def test_without_namespaces_nothing_outside_is_in_reach(
    bait: Path, small_template: Template
) -> None:
    said = run(str(HERE / "without_namespaces.py"), str(HERE / "reaching_out.py"), str(bait))
    found = json.loads(said.splitlines()[-1])
    assert found["traced"] == []
    assert found["script"] == []
    assert found["left"] == []
    assert bait.read_text() == "SECRET"
    assert [entry.name for entry in bait.parent.iterdir()] == ["bait"]
    assert bait.stat().st_mode & 0o777 == 0o640
    # The user is that of the test, who may be root; all else holds.
    assert {name for name, holds in found["guarantees"].items() if not holds} <= {"unprivileged"}
    with open_engine(small_template, ProcessSandbox(), workers=1) as engine:
        expected = score(engine)
    assert found["scores"] == [expected, expected]


# Those that namespaces would stop: what outlives, kills, reads, listens, fills or leaves a mark.
TELLING = (
    *("abstract_socket", "command_lines", "daemon", "daemon_past_the_timeout", "disk_bomb"),
    *("environment_of_every_process", "fork_bomb", "join_namespaces", "kill_everything"),
    *("kill_parent", "marker_for_the_next", "memory_of_parent", "new_namespaces", "ptrace_parent"),
    *("secret_in_home", "shared_memory_marker", "stop_itself", "symlink_out", "thread_bomb", "udp"),
)


@pytest.mark.full("boundary")
@needs_landlock
def test_attacks_without_namespaces_gain_nothing_and_leave_nothing() -> None:
    chosen = " or ".join(f"[process-{name}]" for name in TELLING)
    said = run(
        *(
            str(HERE / "without_namespaces.py"),
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "--level=full",
        ),
        *(str(HERE / "test_attacks.py"), "-k", chosen),
    )
    assert f"{len(TELLING)} passed" in said


def score(engine: Engine) -> dict[str, float]:
    program = engine.trace(HONEST)
    return engine.evaluate(program, effort="full", task="outliers", seeds=[3])[0].metrics


ALONE = """
import os, socket, sys
from pathlib import Path
from sandboxes.isolation import PR_SET_NO_NEW_PRIVS, prctl
from sandboxes.landlock import Grants, restrict
folder, port = Path(sys.argv[1]), int(sys.argv[2])
prctl(PR_SET_NO_NEW_PRIVS, 1)
assert restrict(Grants((folder / "shown",), (folder / "shown" / "hidden",), folder / "own")) is None
reached = []
def attempt(name, action):
    try:
        action()
    except OSError:
        return
    reached.append(name)
def connect(family, address):
    with socket.socket(family) as client:
        client.connect(address)
def bind(family, address):
    with socket.socket(family) as server:
        server.bind(address)
attempt("shown", lambda: (folder / "shown" / "file").read_text())
attempt("own", lambda: (folder / "own" / "file").write_text("x"))
attempt("hidden", lambda: (folder / "shown" / "hidden" / "file").read_text())
attempt("outside", lambda: (folder / "file").read_text())
attempt("linked", lambda: (folder / "shown" / "link").read_text())
attempt("shown, to write", lambda: (folder / "shown" / "file").write_text("x"))
attempt("node", lambda: os.mkfifo(folder / "pipe"))
attempt("connect", lambda: connect(socket.AF_INET, ("127.0.0.1", port)))
attempt("bind", lambda: bind(socket.AF_INET, ("127.0.0.1", 0)))
attempt("abstract", lambda: connect(socket.AF_UNIX, "\\0discover-test-" + str(port)))
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("own process", lambda: Path("/proc/self/status").read_text())
attempt("other process", lambda: Path(f"/proc/{os.getppid()}/status").read_text())
print(" ".join(reached))
"""


@needs_landlock
def test_landlock_alone_leaves_what_is_granted_and_nothing_else(tmp_path: Path) -> None:
    for name in ("shown/hidden", "own"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("shown/file", "shown/hidden/file", "file"):
        (tmp_path / name).write_text("x")
    (tmp_path / "shown" / "link").symlink_to(tmp_path / "file")
    with socket.socket() as listener, socket.socket(socket.AF_UNIX) as abstract:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        abstract.bind(f"\0discover-test-{port}")
        abstract.listen()
        assert run("-c", ALONE, str(tmp_path), str(port)).split("\n")[0] == "shown own own process"


def test_a_bomb_ends_at_a_limit_that_others_of_the_user_do_not_reach() -> None:
    assert most_processes(64) > most_processes(0) >= 1024


def test_folders_of_the_dead_are_removed() -> None:
    program = (
        "import os\nfrom sandboxes.fallback import make_scratch\n"
        "folder = make_scratch(os.geteuid())\n"
        "os.makedirs(folder / 'a' / 'b', mode=0o300)\nprint(folder)\n"
    )
    first = Path(run("-c", program).strip())
    assert first.exists()
    second = Path(run("-c", program).strip())
    assert not first.exists()
    run("-c", f"from pathlib import Path\nfrom sandboxes.fallback import remove_scratch\n"
        f"remove_scratch(Path({str(second)!r}))")  # fmt: skip
    assert not second.exists()


def test_who_ends_a_sandbox_does_not_end_the_removal_of_its_folder(tmp_path: Path) -> None:
    """All that runs below a sandbox is killed once, which may be what removes its folder."""
    folder = tmp_path / "scratch"
    for number in range(200):
        (folder / str(number)).mkdir(parents=True)
        for name in range(100):
            (folder / str(number) / str(name)).touch()
    program = (
        "import sys\nfrom pathlib import Path\nfrom sandboxes.fallback import remove_scratch\n"
        "remove_scratch(Path(sys.argv[1]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    ended: set[int] = set()
    while process.poll() is None and len(ended) < 2:
        for child in set(descendants(process.pid)) - ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                ended.add(child)
    assert process.wait(timeout=60) == 0
    assert len(ended) == 2
    assert not folder.exists()
