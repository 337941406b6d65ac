"""Signals, sent to a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from agent.cli.interrupt import SAVING, Interruption

pytestmark = pytest.mark.gate

PROGRAM = """
import sys, threading, time
from agent.cli.interrupt import Interruption
stop, reasons = threading.Event(), []
def request_stop(reason):
    reasons.append(reason)
    stop.set()
with Interruption(request_stop, exit_code=130) as interruption:
    print("ready", flush=True)
    stop.wait(60)
    if sys.argv[1] == "stubborn":
        time.sleep(60)
print(reasons, interruption.received, flush=True)
"""


def start(how: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop(number: signal.Signals) -> None:
    process = start("obedient")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.strip() == f"['interrupted by {number.name}'] True"
    assert SAVING in err


def test_the_second_signal_quits_at_once() -> None:
    process = start("stubborn")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert out == ""
    assert "nothing in the archive is lost" in err


def test_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruption(lambda reason: None, exit_code=130):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
