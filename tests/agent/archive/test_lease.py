from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from agent.archive import Archive
from templates.errors import UserError

HOLD = """
import sys
from agent.archive import Archive
archive = Archive(sys.argv[1])
lease = archive.lease("camp-1")
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(archive: Archive) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, archive.location],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_running_campaign_cannot_be_run_again(
    archive: Archive, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(UserError, match=f"already running \\(process {holder.pid} on"):
        archive.lease("camp-1")
    held = archive.lease_holder("camp-1")
    assert held is not None
    assert held.pid == holder.pid
    archive.lease("camp-2").release()


def test_a_lease_dies_with_its_process(archive: Archive, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait(timeout=10)
    assert archive.lease_holder("camp-1") is None
    with archive.lease("camp-1"):
        held = archive.lease_holder("camp-1")
        assert held is not None
        assert held.pid == os.getpid()


def test_a_lease_ends_with_its_block_and_leaves_no_file(archive: Archive) -> None:
    lease = archive.lease("camp-1")
    with pytest.raises(UserError, match=f"process {os.getpid()}"):
        archive.lease("camp-1")
    with lease:
        assert lease.path.exists()
    assert not lease.path.exists()
    assert archive.lease_holder("camp-1") is None
    lease.release()
    with archive.lease("camp-1") as again:
        # The first one is over and must not end the second one.
        lease.release()
        assert archive.lease_holder("camp-1") is not None
    assert not again.path.exists()


def test_a_forked_child_does_not_keep_the_campaign(archive: Archive) -> None:
    lease = archive.lease("camp-1")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    try:
        # As when the process dies: its files are closed, nothing is unlocked by hand.
        lease._close()
        with Archive(archive.location) as other, other.lease("camp-1"):
            held = other.lease_holder("camp-1")
            assert held is not None
            assert held.pid == os.getpid()
    finally:
        os.close(write)
        os.waitpid(child, 0)


def test_looking_does_not_keep_anybody_from_starting(archive: Archive) -> None:
    looking = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom agent.archive import Archive\narchive = Archive(sys.argv[1])\n"
            "print('ready', flush=True)\nwhile True: archive.lease_holder('camp-1')",
            archive.location,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert looking.stdout is not None
        assert looking.stdout.readline() == "ready\n"
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            archive.lease("camp-1").release()
    finally:
        looking.kill()
        looking.communicate()
